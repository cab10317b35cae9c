/** Too many passwords are being hashed at once: ask again after `retryAfter` seconds. */
export class HasherBusy extends Error {
  override readonly name = 'HasherBusy'
  readonly statusCode = 503
  readonly retryAfter = 2

  constructor() {
    super('Too many passwords are being checked at once')
  }
}

export type HashQueue = {
  run<T>(work: () => Promise<T>): Promise<T>
  active(): number
  waiting(): number
  /** Would work be refused now? */
  isFull(): boolean
  /** How often it was, since the queue was made. */
  refused(): number
}

/**
 * Lets at most `concurrency` pieces of work run, keeps at most `queue` waiting in the order they came, and throws HasherBusy
 * beyond that: a stampede of sign-ins is refused politely instead of taking the token endpoint down with it. While no more than half of
 * the queue waits, `aside` more may run.
 */
export function createHashQueue({
  concurrency,
  aside = 0,
  queue,
}: {
  concurrency: number
  aside?: number
  queue: number
}): HashQueue {
  const waiting: (() => void)[] = []
  let active = 0
  let refused = 0

  const hasRoom = () => active < concurrency + (waiting.length > queue / 2 ? 0 : aside)

  async function turn(): Promise<void> {
    if (waiting.length === 0 && hasRoom()) {
      active += 1
      return
    }
    if (waiting.length >= queue) {
      refused += 1
      throw new HasherBusy()
    }
    await new Promise<void>((resolve) => waiting.push(resolve))
  }

  // Those in line first: their places are taken for them here, so that a newcomer cannot slip in between.
  function leave(): void {
    active -= 1
    while (waiting.length > 0 && hasRoom()) {
      active += 1
      waiting.shift()?.()
    }
  }

  async function run<T>(work: () => Promise<T>): Promise<T> {
    await turn()
    try {
      return await work()
    } finally {
      leave()
    }
  }

  return {
    run,
    active: () => active,
    waiting: () => waiting.length,
    refused: () => refused,
    isFull: () => !hasRoom() && waiting.length >= queue,
  }
}
