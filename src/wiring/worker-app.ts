import type Koa from 'koa'
import * as http from '../http/index.ts'
import { frame, koaApp } from './frame.ts'
import type { Parts } from './parts.ts'

/** The operations listener of a process that only works: its health and its metrics. */
export function workerApp(parts: Parts): Koa {
  const { config, metrics } = parts
  return koaApp(parts.cookieKeys, [
    ...frame(parts, 'ops'),
    http.opsHostGuard(config.ops.names),
    http.metricsRoute(metrics.registry),
  ])
}
