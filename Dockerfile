FROM python:3.13-slim-trixie AS build
WORKDIR /build
COPY requirements.txt .
RUN python -m venv --without-pip /venv \
    && pip --python /venv/bin/python install --no-cache-dir --require-hashes --requirement requirements.txt

FROM python:3.13-slim-trixie
ENV PATH=/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    DEBUG=false \
    HOST=0.0.0.0
# /keys is where a volume of keys goes: a new volume takes this folder's owner.
RUN useradd --uid 10001 --no-create-home app \
    && install --directory --owner app --mode 700 /keys
COPY --from=build /venv /venv
WORKDIR /app
COPY . .
RUN python -m compileall -q . && python manage.py collectstatic --noinput --verbosity 0
USER 10001
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s CMD ["python", "-c", "\
import http.client, os, sys;\
service = http.client.HTTPConnection('127.0.0.1', int(os.environ.get('PORT') or 8000), timeout=4);\
service.request('GET', '/health/live');\
sys.exit(service.getresponse().status != 200)"]
CMD ["python", "manage.py", "serve"]
