export type Stop = { signal: AbortSignal; requested: Promise<void>; release(): void }

/**
 * Turns SIGTERM and SIGINT into one request to stop. A second signal, or a drain that takes longer than it may, ends the process
 * at once with exit code 1.
 */
export function onStopSignal(deadlineMs: number): Stop {
  const controller = new AbortController()
  const requested = new Promise<void>((resolve) => {
    controller.signal.addEventListener('abort', () => resolve(), { once: true })
  })
  let deadline: NodeJS.Timeout | undefined
  const stop = () => {
    if (controller.signal.aborted) process.exit(1)
    controller.abort()
    deadline = setTimeout(() => process.exit(1), deadlineMs + MARGIN_MS)
    deadline.unref()
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
  return {
    signal: controller.signal,
    requested,
    release() {
      clearTimeout(deadline)
      process.off('SIGTERM', stop)
      process.off('SIGINT', stop)
    },
  }
}

/** For what follows the listeners: connections, the embedded database. */
const MARGIN_MS = 5000
