import { createInterface } from 'node:readline/promises'
import { Writable } from 'node:stream'
import { Option } from 'commander'
import type { Command } from 'commander'
import { randomSecret } from '../crypto/index.ts'
import type { Config } from '../config/index.ts'
import { translate } from '../language/index.ts'
import { passwordRules } from '../wiring/index.ts'
import { passwordProblem } from '../users/index.ts'
import { Refusal } from './refusal.ts'
import type { Terminal } from './terminal.ts'

export type PasswordOptions = { passwordStdin?: true; generatePassword?: true }

/** A new password, and whether we made it up: then it has to be shown, this once. */
export type NewPassword = { password: string; generated: boolean }

/** Ways to say a password. There is none on the command line, which every user of the machine can read. */
export function addPasswordOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--password-stdin', 'read the password from standard input').conflicts('generatePassword'),
    )
    .option('--generate-password', 'make a random password and print it once')
}

/**
 * Reads the password from standard input, makes one, or asks for it twice without echo. Refuses one that the policy for
 * new passwords refuses, and to ask where nobody can answer.
 */
export async function newPassword(
  terminal: Terminal,
  { passwordStdin, generatePassword }: PasswordOptions,
  { email, name, config }: { email: string; name: string | null; config: Config },
): Promise<NewPassword> {
  if (generatePassword) return { password: randomSecret(18), generated: true }
  const password = passwordStdin ? await firstLine(terminal) : await promptTwice(terminal)
  const rules = passwordRules(config, (_outcome, error) => {
    if (error) terminal.stderr.write(`Leaked passwords could not be looked up: ${error.message}\n`)
  })
  const problem = await passwordProblem(rules, { password, email, name })
  if (problem) throw new Refusal('bad_data', translate('en', problem.text))
  return { password, generated: false }
}

async function firstLine({ stdin }: Terminal): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of stdin) chunks.push(Buffer.from(chunk))
  const [line = '', ...more] = Buffer.concat(chunks)
    .toString('utf8')
    .replace(/\r?\n$/, '')
    .split(/\r?\n/)
  if (more.length > 0) throw new Refusal('bad_data', 'Standard input holds more than one line.')
  return line
}

async function promptTwice(terminal: Terminal): Promise<string> {
  if (!terminal.stdin.isTTY)
    throw new Refusal(
      'usage',
      'There is no terminal to ask for the password on: use --password-stdin or --generate-password.',
    )
  const password = await ask(terminal, 'New password: ')
  if ((await ask(terminal, 'The same again: ')) !== password)
    throw new Refusal('bad_data', 'The two were not the same. Nothing was changed.')
  return password
}

/** One line, typed unseen: readline takes the keyboard raw and echoes into nowhere. */
async function ask({ stdin, stderr }: Terminal, question: string): Promise<string> {
  const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() })
  const lines = createInterface({ input: stdin, output: nowhere, terminal: true, historySize: 0 })
  stderr.write(question)
  try {
    const broken = new Promise<never>((_, reject) => {
      lines.once('SIGINT', () => lines.close())
      lines.once('close', () => reject(new Refusal('failed', 'Nothing was changed.')))
    })
    return await Promise.race([lines.question(''), broken])
  } finally {
    lines.close()
    stderr.write('\n')
  }
}
