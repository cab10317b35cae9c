import type { Server, ServerResponse } from 'node:http'
import { Server as NetServer, type Socket } from 'node:net'
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises'

// How long an idle keep-alive connection stays after the stop: a request may already be on its way over it, and closing
// on that would be a reset for a client that did nothing wrong.
const idleGraceMs = 500

/** How long those who stand at the door keep it open, and how long a turn of the event loop may take in which nobody can have come unseen. */
const [longestKnockingMs, shortTurnMs] = [500, 5]

/**
 * How a server is stopped. `Connection: close` is on every answer from now on; for `stillOpenMs`, at most half of `deadlineMs`, it goes on
 * accepting connections, so that a balancer hears of it before anybody is turned away. Then the door is shut, idle connections are closed
 * after a short grace, and at the deadline, in milliseconds from the call, whatever is left is cut. Resolves to how it went.
 */
export type Drain = (deadlineMs: number, stillOpenMs?: number) => Promise<'clean' | 'forced'>

/** Makes a server drainable; call it before any other request listener is attached. */
export function drainable(server: Server): Drain {
  const unanswered = new Set<ServerResponse>()
  const sockets = new Set<Socket>()
  let draining = false
  let graceIsOver = false
  let arrived = 0

  server.on('connection', (socket: Socket) => {
    arrived += 1
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  server.on('request', (_, response) => {
    if (draining) response.setHeader('Connection', 'close')
    unanswered.add(response)
    response.once('close', () => {
      unanswered.delete(response)
      // Its headers may have gone out before the stop; then nothing has told this connection to close.
      if (graceIsOver) setImmediate(() => server.closeIdleConnections())
    })
  })

  return async (deadlineMs, stillOpenMs = 0) => {
    const startedAt = performance.now()
    draining = true
    for (const response of unanswered) if (!response.headersSent) response.setHeader('Connection', 'close')
    if (stillOpenMs > 0) await sleep(Math.min(stillOpenMs, deadlineMs / 2))
    await untilNobodyKnocks(() => arrived, Math.min(longestKnockingMs, deadlineMs / 2))
    const leftMs = Math.max(0, deadlineMs - (performance.now() - startedAt))
    // Not the HTTP server's own close(): that one closes idle connections in the same instant.
    const closed = new Promise<false>((resolve) => {
      NetServer.prototype.close.call(server, () => resolve(false))
    })
    const closeIdle = (): void => {
      graceIsOver = true
      server.closeIdleConnections()
      // Node does not count a connection as idle before its first request.
      for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy()
    }
    // Not from the timer itself: after a stall what has arrived meanwhile is read first, and such a connection is not idle.
    const grace = setTimeout(() => setImmediate(closeIdle), Math.min(idleGraceMs, leftMs / 2))
    let deadline: NodeJS.Timeout | undefined
    const late = new Promise<true>((resolve) => {
      deadline = setTimeout(() => resolve(true), leftMs)
    })

    const forced = await Promise.race([closed, late])
    clearTimeout(grace)
    clearTimeout(deadline)
    if (forced) server.closeAllConnections()
    await closed
    server.close() // Ends the HTTP server's own timer; the listening socket is closed already.
    return forced ? 'forced' : 'clean'
  }
}

/**
 * Connections that the system has accepted and we have not are reset when the listening socket is closed. They are taken in first: two turns
 * of the event loop in a row, short ones, in which nobody came.
 */
async function untilNobodyKnocks(arrived: () => number, longestMs: number): Promise<void> {
  const until = performance.now() + longestMs
  for (let quiet = 0; quiet < 2 && performance.now() < until;) {
    const [before, since] = [arrived(), performance.now()]
    await nextTurn()
    quiet = arrived() === before && performance.now() - since < shortTurnMs ? quiet + 1 : 0
  }
}
