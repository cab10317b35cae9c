import { spawnSync } from 'node:child_process'
import { PassThrough, Readable } from 'node:stream'
import { describe, expect, test } from '@jest/globals'
import { runCli } from '../../../src/cli/index.ts'

async function scriptFor(shell: string): Promise<string> {
  const [stdout, stderr] = [new PassThrough(), new PassThrough()]
  const code = await runCli(['completion', shell], { env: {}, stdin: Readable.from([]), stdout, stderr })
  expect(code).toBe(0)
  return String(stdout.read())
}

const has = (shell: string): boolean => spawnSync(shell, ['-c', 'true']).status === 0
const [inBash, inZsh, inFish] = ['bash', 'zsh', 'fish'].map((shell) => (has(shell) ? test : test.skip))
if (!inBash || !inZsh || !inFish) throw new Error('three shells')

/** What bash offers when Tab is pressed behind these words. */
async function offered(...words: string[]): Promise<string[]> {
  const script = await scriptFor('bash')
  const line = ['cardea', ...words]
  const ask = `${script}
COMP_WORDS=(${line.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${line.length - 1}; _cardea
printf '%s\\n' "\${COMPREPLY[@]}"`
  const { stdout, stderr, status } = spawnSync('bash', ['--norc', '-c', ask], { encoding: 'utf8', cwd: '/' })
  expect({ stderr, status }).toEqual({ stderr: '', status: 0 })
  return stdout.split('\n').filter(Boolean)
}

describe('cardea completion bash', () => {
  inBash('offers verbs, those of a group, and their options', async () => {
    expect(await offered('')).toEqual(
      expect.arrayContaining(['serve', 'users', 'login', 'completion', '--help']),
    )
    expect(await offered('us')).toEqual(['user', 'users'])
    expect(await offered('users', 're')).toEqual(['reset-factor', 'reset-password', 'revoke'])
    expect(await offered('users', 'revoke', '--')).toEqual(
      expect.arrayContaining(['--reason', '--dry-run', '--keep-self', '--json', '--api']),
    )
    expect(await offered('users', 'revoke', 'ada@example.com', '--dry')).toEqual(['--dry-run'])
  })

  inBash(
    'offers the values that an option or an argument can have, and files where one is meant',
    async () => {
      expect(await offered('users', 'list', '--status', '')).toEqual(['active', 'disabled'])
      expect(await offered('users', 'create', 'x', '--role', 'o')).toEqual(['owner', 'operator'])
      expect(await offered('completion', 'b')).toEqual(['bash'])
      expect(await offered('api', 'P')).toEqual(['POST', 'PUT', 'PATCH'])
      expect(await offered('clients', 'create', 'Shop', '--jwks-file', 'us')).toContain('usr')
      expect(await offered('users', 'create', 'x', '--name', '')).toEqual([])
    },
  )

  inBash('takes no value of an option for a verb', async () => {
    expect(await offered('events', 'list', '--user', 'list', '--or')).toEqual(['--order'])
    expect(await offered('users', 'show', 'users', '--js')).toEqual(['--json'])
  })
})

describe('the other shells', () => {
  test.each(['zsh', 'fish'])('%s: the script knows every verb and option that bash knows', async (shell) => {
    const words = (text: string): string[] =>
      [...new Set(text.match(/(?<=[ '(])--?[a-z][\w-]+/g) ?? [])].sort()
    const script = await scriptFor(shell)
    const plain = shell === 'fish' ? script.replaceAll(/ -l /g, ' --') : script
    for (const word of words(await scriptFor('bash')).filter((one) => one.startsWith('--')))
      expect(plain).toContain(word)
    for (const verb of ['reset-factor', 'rotate-secret', 'statistics']) expect(script).toContain(verb)
  })

  for (const [shell, where] of [
    ['zsh', inZsh],
    ['fish', inFish],
  ] as const)
    where(`${shell} reads its script`, async () => {
      expect(spawnSync(shell, ['-n'], { input: await scriptFor(shell) }).status).toBe(0)
    })
})
