const COMMIT = /^\s*(COMMIT|END)\b/i
const BEGIN = /^\s*(BEGIN|START\s+TRANSACTION)\b/i
const ROLLBACK = /^\s*(ROLLBACK|ABORT)\b(?!\s+TO)/i
const WRITE = /^\s*(INSERT|UPDATE|DELETE|WITH\b[\s\S]*\b(INSERT|UPDATE|DELETE))\b/i

/**
 * Reads what a client says to PostgreSQL (protocol version 3.0) and finds the messages with which something becomes durable: a
 * COMMIT, or, outside of a transaction, the Sync (or simple query) that ends a statement which writes. Fed chunk by chunk; gives the
 * offsets in that chunk at which such messages begin, the first of their bytes possibly in a chunk before (then 0).
 */
export function commitPoints(): (chunk: Buffer) => number[] {
  const writes = new Map<string, boolean>()
  let rest = Buffer.alloc(0)
  let started = false
  let [inTransaction, writing, committing] = [false, false, false]

  /** Whether the message makes something durable. */
  function read(type: string, body: Buffer): boolean {
    if (type === 'Q')
      return statement(textAt(body, 0).text) || (WRITE.test(textAt(body, 0).text) && !inTransaction)
    if (type === 'P') {
      const { text: name, end } = textAt(body, 0)
      const { text } = textAt(body, end)
      writes.set(name, WRITE.test(text))
      if (statement(text)) committing = true
    }
    if (type === 'B') {
      const { end } = textAt(body, 0)
      if (writes.get(textAt(body, end).text)) writing = true
    }
    if (type !== 'S') return false
    const durable = committing || (writing && !inTransaction)
    committing = writing = false
    return durable
  }

  /** Follows BEGIN and its ends. True for COMMIT. */
  function statement(text: string): boolean {
    if (BEGIN.test(text)) inTransaction = true
    else if (COMMIT.test(text) || ROLLBACK.test(text)) inTransaction = false
    return COMMIT.test(text)
  }

  return (chunk) => {
    const carried = rest.length
    const bytes = carried === 0 ? chunk : Buffer.concat([rest, chunk])
    const found: number[] = []
    let at = 0
    for (;;) {
      // The first message, which asks for the protocol, has no type.
      const head = started ? 1 : 0
      if (bytes.length < at + head + 4) break
      const end = at + head + bytes.readInt32BE(at + head)
      if (bytes.length < end) break
      if (started && read(String.fromCharCode(bytes[at] ?? 0), bytes.subarray(at + 5, end)))
        found.push(Math.max(0, at - carried))
      started = true
      at = end
    }
    rest = Buffer.from(bytes.subarray(at))
    return found
  }
}

function textAt(body: Buffer, from: number): { text: string; end: number } {
  const end = body.indexOf(0, from)
  return { text: body.toString('utf8', from, end), end: end + 1 }
}
