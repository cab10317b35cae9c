import type { Server, ServerResponse } from 'node:http'
import { Server as NetServer, type Socket } from 'node:net'

// How long an idle keep-alive connection stays after the stop: a request may already be on its way over it, and closing
// on that would be a reset for a client that did nothing wrong.
const idleGraceMs = 500

/**
 * Makes a server drainable; call it before any other request listener is attached. The function returned stops it: no new
 * connections, `Connection: close` on every answer from then on, idle connections closed after a short grace, and at the
 * deadline whatever is left is cut. Resolves to how it went.
 */
export function drainable(server: Server): (deadlineMs: number) => Promise<'clean' | 'forced'> {
  const unanswered = new Set<ServerResponse>()
  const sockets = new Set<Socket>()
  let draining = false
  let graceIsOver = false

  server.on('connection', (socket: Socket) => {
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

  return async (deadlineMs) => {
    draining = true
    // Not the HTTP server's own close(): that one closes idle connections in the same instant.
    const closed = new Promise<false>((resolve) => {
      NetServer.prototype.close.call(server, () => resolve(false))
    })
    for (const response of unanswered) if (!response.headersSent) response.setHeader('Connection', 'close')
    const closeIdle = (): void => {
      graceIsOver = true
      server.closeIdleConnections()
      // Node does not count a connection as idle before its first request.
      for (const socket of sockets) if (socket.bytesRead === 0) socket.destroy()
    }
    // Not from the timer itself: after a stall what has arrived meanwhile is read first, and such a connection is not idle.
    const grace = setTimeout(() => setImmediate(closeIdle), Math.min(idleGraceMs, deadlineMs / 2))
    let deadline: NodeJS.Timeout | undefined
    const late = new Promise<true>((resolve) => {
      deadline = setTimeout(() => resolve(true), deadlineMs)
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
