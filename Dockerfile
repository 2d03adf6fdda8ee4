# Node runs the TypeScript as it is, so nothing is compiled: the first stage fetches the packages, the second is what runs.
# The version is the one that package.json pins for everybody else. Debian rather than Alpine: Node's releases for glibc are the tested ones.
FROM node:24.21.0-bookworm-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# No package that runs needs an install script: bcrypt brings its binaries.
RUN npm ci --omit=dev --ignore-scripts --no-audit --no-fund

FROM node:24.21.0-bookworm-slim
LABEL org.opencontainers.image.title="Gatehouse" \
      org.opencontainers.image.description="A standalone OpenID Connect and OAuth 2 identity provider" \
      org.opencontainers.image.version="0.1.0" \
      org.opencontainers.image.licenses="MIT"
ENV NODE_ENV=production \
    GATEHOUSE_DATA_DIR=/data \
    GATEHOUSE_SERVER__HOST=0.0.0.0
WORKDIR /app
RUN install -d -m 700 -o 1000 -g 1000 /data \
 && ln -s /app/src/cli/launcher.js /usr/local/bin/gatehouse
COPY --from=packages /app/node_modules node_modules
COPY package.json ./
COPY config/default.yaml config/
COPY public public
COPY views views
COPY src src

# The user `node` of the base image, as a number so that Kubernetes can see that it is not root. It can write to /data alone;
# run with a read-only root file system, and a volume at /data if the store is SQLite.
USER 1000:1000
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=3s --start-period=60s --start-interval=1s \
  CMD ["node", "-e", "fetch('http://127.0.0.1:3000/readyz').then(({ ok }) => process.exit(ok ? 0 : 1), () => process.exit(1))"]

# Node is process 1: it handles SIGTERM itself (src/main.ts) and waits for every process it starts, so no init is needed.
CMD ["node", "src/main.ts"]
