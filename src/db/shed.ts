import type pg from 'pg'

type Callback = (error: Error | undefined, client?: pg.PoolClient, done?: unknown) => void

/** Nobody's fault but the hour's: told as storage trouble, like a wait that was too long. */
const CROWDED = 'too many wait for a connection'

/**
 * Lets nobody join a line that does not move. While somebody waits for a connection, and the last who left the line had waited longer than
 * `longestMs`, the next one is refused at once: they would wait in vain, and the answer "not now" is worth more early. A crowd that is served
 * quickly may be as long as it likes.
 */
export function shedWhenStuck(pool: pg.Pool, longestMs: number): void {
  const connect = pool.connect.bind(pool) as (callback: Callback) => void
  let lastWaitedMs = 0

  function join(callback: Callback): void {
    // Where nobody waits, what was before says nothing any more.
    if (pool.waitingCount === 0) lastWaitedMs = 0
    if (lastWaitedMs > longestMs) {
      process.nextTick(callback, new Error(CROWDED))
      return
    }
    const since = performance.now()
    connect((...answer) => {
      lastWaitedMs = performance.now() - since
      callback(...answer)
    })
  }

  const joined = (callback?: Callback): unknown =>
    callback
      ? join(callback)
      : new Promise((resolve, reject) => {
          join((error, client) => (error ? reject(error) : resolve(client)))
        })
  pool.connect = joined as typeof pool.connect
}
