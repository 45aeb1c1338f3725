# EchoRoom in a container; docs/operations.md says how to run it with secrets that stay.
FROM denoland/deno:2.9.6

WORKDIR /app

# Dependencies in a layer of their own: it changes only when the lock does.
COPY deno.json deno.lock ./
COPY web/deno.json ./web/
RUN deno ci --prod

COPY main.ts ./
COPY commands ./commands
COPY src ./src
COPY web ./web
# Compiled once here, so that a container starts fast and needs no network.
RUN deno cache --frozen main.ts src/workers/worker.ts src/adapters/store/sqlite/worker.ts \
    commands/admin.ts commands/backup.ts commands/files.ts commands/restore.ts commands/search.ts \
  && mkdir /data && chown deno:deno /data

ENV NODE_ENV=production DATA_DIR=/data
VOLUME /data
EXPOSE 3000
USER deno

HEALTHCHECK --interval=10s --timeout=3s --start-period=5s CMD \
  ["deno", "eval", "const r = await fetch(`http://127.0.0.1:${Deno.env.get('PORT') ?? 3000}/health`); Deno.exit(r.ok ? 0 : 1)"]

CMD ["deno", "run", "--frozen", "--cached-only", "--allow-net", "--allow-read", "--allow-write", "--allow-env", "--allow-sys", "--allow-ffi", "main.ts"]
