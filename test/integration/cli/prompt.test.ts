import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { createTestDatabase } from '../../support/database.ts'
import { bin, cardeaHere } from './command.ts'

let url: string
let drop: () => Promise<void>
beforeAll(async () => {
  ;({ url, drop } = await createTestDatabase())
})
afterAll(() => drop())

const script = '/usr/bin/script'
// util-linux' script gives a command a terminal; other systems have another one, or none.
const withTerminal = process.platform === 'linux' && existsSync(script) ? describe : describe.skip

withTerminal('asked on a terminal, a password', () => {
  const password = 'typed and never seen'

  test('is typed twice and never shown', async () => {
    const { code, shown } = await typed('one@example.com', [`${password}\r`, `${password}\r`])
    expect(code).toBe(0)
    expect(shown).toContain('Created the user one@example.com')
    expect(shown).not.toContain('never seen')
    const row = await cardeaHere(['user', 'show', 'one@example.com', '--json'], {
      env: { DATABASE_URL: url },
    })
    expect(row.json()).toMatchObject({ hasPassword: true })
  })

  test('that is typed differently the second time changes nothing', async () => {
    const { code, shown } = await typed('two@example.com', [`${password}\r`, 'something else\r'])
    expect(code).toBe(65)
    expect(shown).toContain('not the same')
  })

  test('may be left with Ctrl-C', async () => {
    const { code, shown } = await typed('three@example.com', [`half a pass\u0003`])
    expect(code).toBe(1)
    expect(shown).toContain('Nothing was changed.')
    expect(shown).not.toContain('half')
  })
})

/** Runs `user create` on a terminal and answers its questions in turn. */
async function typed(email: string, answers: string[]): Promise<{ code: number | null; shown: string }> {
  const command = `"${process.execPath}" "${bin}" user create ${email}`
  const child = spawn(script, ['--quiet', '--return', '--command', command, '/dev/null'], {
    env: { DATABASE_URL: url, PATH: '/usr/bin:/bin', SHELL: '/bin/sh' },
  })
  let shown = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (shown += text))
  const closed = once(child, 'close')
  const questions = ['New password: ', 'The same again: ']
  for (const [turn, answer] of answers.entries()) {
    for (let tries = 0; tries < 200 && !shown.includes(questions[turn] ?? ''); tries += 1) await sleep(50)
    child.stdin.write(answer)
  }
  const [code] = (await closed) as [number | null]
  return { code, shown }
}
