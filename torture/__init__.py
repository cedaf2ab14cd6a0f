"""The torture chamber: what the service promises, tried by force. See torture/__main__.py for how to run it.

A chapter is a module with `run(scale)`, which gives rows (report.py); addresses are for several. Beside each stand those that only it
needs:

    hostile         endpoints (what there is to ask), values (bad ones), sending, raw_http, chunked
    tokens          forgeries; and hostile's endpoints and sending
    races           race_kinds, race_arena, volley (many requests at one moment)
    crashes         writers, and their business: newcomers, regulars
    database        load (so many requests a second)
    redis           load, between (a slow network), witness (is what is shown true?)
    workers         clients (request after request)
    slow_clients    clients, dribble (slow ones, by the hundred)
    floods          crowd, junk
    sign_in
    admin           admin_doors, admin_pages, admin_sessions, browser
    starting        wrong_settings
    soak            mixture (what people do all day); by itself, for an hour
"""
