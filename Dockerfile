# Three stages: the database client is generated with all packages at hand, the image gets only what the server runs on.
FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc prisma.config.ts ./
COPY scripts ./scripts
COPY prisma ./prisma
RUN npm ci

# No package that the server needs depends on an install script. Optional packages are the embedded PostgreSQL and a
# Node of its own: an image brings its Node, and stands beside a real database.
FROM node:24-slim AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --omit=dev --omit=optional --ignore-scripts

FROM node:24-slim
WORKDIR /app
COPY --from=packages /app/node_modules ./node_modules
COPY package.json ./
COPY bin ./bin
COPY src ./src
COPY views ./views
COPY public ./public
COPY locales ./locales
COPY prisma/migrations ./prisma/migrations
COPY examples/sample-app ./examples/sample-app
COPY --from=build /app/src/db/generated ./src/db/generated
# The files are root's: the server can change none of them.
USER node
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
  CMD ["node", "-e", "fetch('http://127.0.0.1:' + (process.env.CARDEA_PORT || 3000) + '/health/ready').then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["node", "/app/bin/cardea.js"]
CMD ["serve"]
