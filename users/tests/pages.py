"""Walking through pages as a client does: by the Link header."""

import re


def links_of(answer) -> dict[str, str]:
    return {rel: url for url, rel in re.findall(r'<([^>]*)>; rel="(\w+)"', answer.get("Link", ""))}


def walk(client, path: str, rel: str = "next") -> list[list]:
    """The pages from that path on, each as its rows."""
    pages = []
    while path:
        answer = client.get(path)
        assert answer.status_code == 200, answer.content
        assert len(pages) < 100, "the links go round"
        pages.append(answer.json())
        path = links_of(answer).get(rel)
    return pages


def names(answer) -> list[str]:
    return [shown["username"] for shown in answer.json()]
