import type pg from 'pg'
import { inSpan, isTracing } from '../tracing/index.ts'

type Query = (...args: unknown[]) => unknown

/** A span around each statement that is sent through the pool on somebody's behalf, the wait for a connection included. */
export function traceQueries(pool: pg.Pool): void {
  pool.query = traced(pool.query.bind(pool)) as typeof pool.query
  pool.on('connect', (client) => {
    client.query = traced(client.query.bind(client)) as typeof client.query
  })
}

function traced(query: Query): Query {
  return (...args) => {
    // Those with a callback are the pool's own, inside of one that has its span.
    if (!isTracing() || typeof args.at(-1) === 'function') return query(...args)
    const { name, operation } = statementOf(args[0])
    const attributes = {
      'db.system.name': 'postgresql',
      'db.operation.name': operation,
      'db.query.summary': name,
    }
    return inSpan({ name, kind: 'client', attributes }, () => Promise.resolve(query(...args)))
  }
}

/** What a statement is called: its own name, or what it does to which table. Never its values; they are not in its text. */
export function statementOf(statement: unknown): { name: string; operation: string } {
  const { name, text } =
    typeof statement === 'string'
      ? { name: undefined, text: statement }
      : (statement as { name?: unknown; text?: unknown })
  const sql = typeof text === 'string' ? text : ''
  const operation = /^\s*([a-z]+)/i.exec(sql)?.[1]?.toUpperCase() ?? 'SQL'
  if (typeof name === 'string') return { name, operation }
  const table = /\b(?:from|into|update)\s+(?:only\s+)?((?:"?\w+"?\.)?"?\w+"?)/i.exec(sql)?.[1]
  return { name: table === undefined ? operation : `${operation} ${table.replaceAll('"', '')}`, operation }
}
