import { createInterface } from 'node:readline/promises'
import { Refusal } from '../refusal.ts'
import type { Terminal } from '../terminal.ts'
import { clean } from './clean.ts'

/** Whether there is somebody to ask: a terminal, and nobody said they want JSON or no questions. */
export function canAsk({ stdin }: Terminal, { json, yes }: { json?: true; yes?: true }): boolean {
  return stdin.isTTY === true && json !== true && yes !== true
}

/** Asks on standard error, and throws a Refusal unless the answer is yes. */
export async function confirm(terminal: Terminal, question: string): Promise<void> {
  const answer = await ask(terminal, `${question} [y/N] `)
  if (!/^y(es)?$/i.test(answer.trim())) throw new Refusal('failed', 'Nothing was changed.')
}

/** One line of text. */
export async function ask({ stdin, stderr }: Terminal, question: string): Promise<string> {
  const lines = createInterface({ input: stdin, output: stderr, terminal: false })
  try {
    const ended = new Promise<never>((_, reject) => {
      lines.once('close', () => reject(new Refusal('failed', 'Nothing was changed.')))
    })
    return await Promise.race([lines.question(clean(question)), ended])
  } finally {
    lines.close()
  }
}
