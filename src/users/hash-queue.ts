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
  /** `share`: whose it is, an address or a network, so that no one takes the whole line. */
  run<T>(work: () => Promise<T>, share?: string): Promise<T>
  active(): number
  waiting(): number
  /** Would work, of this share, be refused now? */
  isFull(share?: string): boolean
  /** How often it was, since the queue was made. */
  refused(): number
}

type Waiting = { share: string | undefined; enter: () => void; refuse: (busy: HasherBusy) => void }

/**
 * Lets at most `concurrency` pieces of work run, keeps at most `queue` waiting in the order they came, and throws HasherBusy
 * beyond that: a stampede of sign-ins is refused politely instead of taking the token endpoint down with it. While no more than half of
 * the queue waits, `aside` more may run. Anybody may have the whole line while nobody else wants it: in a full one the newcomer takes the
 * place of the last of those who have most, if they have more than the newcomer would.
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
  const waiting: Waiting[] = []
  let active = 0
  let refused = 0

  const hasRoom = () => active < concurrency + (waiting.length > queue / 2 ? 0 : aside)

  /** Who would have to make room for one more of this share in a full line. */
  function lastOfMost(share: string | undefined): Waiting | undefined {
    if (share === undefined) return undefined
    const counts = new Map<string | undefined, number>()
    for (const one of waiting) counts.set(one.share, (counts.get(one.share) ?? 0) + 1)
    const [most, count] = [...counts].reduce(
      (a, b) => (b[1] > a[1] ? b : a),
      [undefined as string | undefined, 0],
    )
    return count > (counts.get(share) ?? 0) + 1 ? waiting.findLast((one) => one.share === most) : undefined
  }

  function refuse(): HasherBusy {
    refused += 1
    return new HasherBusy()
  }

  async function turn(share: string | undefined): Promise<void> {
    if (waiting.length === 0 && hasRoom()) {
      active += 1
      return
    }
    if (waiting.length >= queue) {
      const last = lastOfMost(share)
      if (!last) throw refuse()
      waiting.splice(waiting.indexOf(last), 1)
      last.refuse(refuse())
    }
    await new Promise<void>((enter, giveUp) => waiting.push({ share, enter, refuse: giveUp }))
  }

  // Those in line first: their places are taken for them here, so that a newcomer cannot slip in between.
  function leave(): void {
    active -= 1
    while (waiting.length > 0 && hasRoom()) {
      active += 1
      waiting.shift()?.enter()
    }
  }

  async function run<T>(work: () => Promise<T>, share?: string): Promise<T> {
    await turn(share)
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
    isFull: (share) => !(waiting.length === 0 && hasRoom()) && waiting.length >= queue && !lastOfMost(share),
  }
}
