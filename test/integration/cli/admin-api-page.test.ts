import { spawn, spawnSync } from 'node:child_process'
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { receiptSchema } from '../../../src/admin/revocations/representation.ts'
import { groups, single } from '../../../src/cli/remote/verbs/index.ts'
import { adminScopeWords, scopesOfRole } from '../../../src/clients/index.ts'
import { addClient, addPerson } from '../../support/people.ts'
import { startTestServer } from '../../support/server.ts'
import type { TestServer } from '../../support/server.ts'
import { tokensFor, walk } from '../../support/sign-in.ts'
import { bin } from './command.ts'
import { createDesk } from './desk.ts'
import type { Desk } from './desk.ts'

const page = readFileSync(new URL('../../../docs/admin-api.md', import.meta.url), 'utf8')
const blocks = (language: string): string[] =>
  [...page.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\``, 'gms'))].map(([, code = '']) => code)

/** The page is written for people who have these. */
const hasTools = ['bash', 'curl', 'jq'].every((tool) => spawnSync(tool, ['--version']).status === 0)
const whereTheyAre = hasTools ? test : test.skip

describe('docs/admin-api.md, every command of it', () => {
  let server: TestServer
  let desk: Desk
  beforeAll(async () => {
    server = await startTestServer()
    desk = await createDesk(server, 'owner')
    const wiki = await addClient(server, { id: 'wiki' })
    for (const name of ['ada', 'bo', 'cy']) {
      const person = await addPerson(server, { email: `${name}@example.com` })
      const { access_token: token } = await tokensFor(server, wiki, person)
      const leak = { ada: 'unused.txt', bo: 'found-token.txt', cy: 'other-token.txt' }[name] ?? ''
      writeFileSync(path.join(desk.home, leak), `${token}\n`)
    }
  }, 60_000)
  afterAll(async () => {
    await server.stop()
    desk.leave()
  })

  whereTheyAre(
    'does what the page says, one after the other, with curl and with cardea',
    async () => {
      const browser = await listenForBrowsers()
      const folder = path.join(desk.home, 'bin')
      mkdirSync(folder)
      const put = (name: string, text: string) => {
        writeFileSync(path.join(folder, name), `#!/bin/sh\n${text}\n`)
        chmodSync(path.join(folder, name), 0o755)
      }
      put('cardea', `exec ${process.execPath} ${bin} "$@"`)
      for (const opener of ['xdg-open', 'open'])
        put(opener, `exec curl -sS -o /dev/null --data-raw "$1" ${browser.url}`)
      const script = blocks('sh')
        .join('\n')
        .replaceAll('http://localhost:3000', server.issuer)
        .replaceAll('http://127.0.0.1:3001', desk.api)
      const env = {
        ...{ HOME: desk.home, CARDEA_API: desk.api, DATABASE_URL: server.databaseUrl, DISPLAY: ':0' },
        PATH: `${folder}:${process.env.PATH ?? ''}`,
      }
      const ran = await bash(
        `set -euo pipefail\ntrap 'echo "failed: $BASH_COMMAND" >&2' ERR\n${script}`,
        desk.home,
        env,
      )
      browser.close()
      expect({ code: ran.code, ...(ran.code === 0 ? {} : ran) }).toEqual({ code: 0 })
      expect(ran.stdout).toContain('Ended all access of ada@example.com')
      // Nothing that the page looks for is looked for in vain.
      expect(ran.stdout).not.toContain('There are none.')
      expect(ran.stdout).toContain('Removed the authenticator of bo@example.com.')
      expect(ran.stdout).toMatch(/\nprevious_secret_expires_at +\d{4}-/)
      expect(
        await server.database.prisma.client.count({ where: { id: { in: ['shop', 'crm', 'ops-robot'] } } }),
      ).toBe(3)
      for (const file of ['found-token.txt', 'other-token.txt', 'robot.secret'])
        expect(ran.stdout + ran.stderr).not.toContain(readFileSync(path.join(desk.home, file), 'utf8').trim())
    },
    240_000,
  )

  /** A stand-in for the system's opener tells us the address; a browser of ours goes there. */
  async function listenForBrowsers(): Promise<{ url: string; close: () => void }> {
    const opener = createServer((request, response) => {
      let url = ''
      request.on('data', (chunk: Buffer) => (url += chunk.toString()))
      request.on('end', () => {
        response.end()
        void walk(server, desk.agent, url, desk.person).then(({ location }) => fetch(location ?? ''))
      })
    })
    await new Promise<void>((resolve) => void opener.listen(0, '127.0.0.1', resolve))
    return {
      url: `http://127.0.0.1:${(opener.address() as AddressInfo).port}`,
      close: () => void opener.close(),
    }
  }
})

async function bash(script: string, cwd: string, env: NodeJS.ProcessEnv) {
  const child = spawn('bash', ['--norc', '-c', script], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] })
  const said = { stdout: '', stderr: '' }
  child.stdout.setEncoding('utf8').on('data', (text: string) => (said.stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said.stderr += text))
  const code = await new Promise<number | null>((resolve) => child.once('close', (status) => resolve(status)))
  return { code, ...said }
}

describe('docs/admin-api.md', () => {
  test('shows a receipt as the API gives one', () => {
    const receipts = blocks('json').map((text) => receiptSchema.safeParse(JSON.parse(text)))
    expect(receipts.map(({ success }) => success)).toEqual([true])
  })

  test('has the scopes and roles that the code has', () => {
    const rows = page.split('\n').filter((line) => /^\| `\w+:\w+` /.test(line))
    const cells = rows.map((row) =>
      row
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim()),
    )
    const roles = ['owner', 'operator', 'auditor'] as const
    const expected = Object.entries(adminScopeWords).map(([scope, words]) => {
      const held = roles.map((role) => (scopesOfRole(role).some((one) => one === scope) ? 'yes' : '–'))
      return [`\`${scope}\``, words, ...held]
    })
    expect(cells).toEqual(expected)
  })

  test('names every verb that there is', () => {
    for (const { name, verbs } of groups) {
      const row = page
        .split('\n')
        .find((line) => line.startsWith('| ') && line.includes(`\`${name}\``) && !line.includes(':'))
      for (const { usage } of verbs) expect(row).toContain(`\`${usage.split(' ')[0] ?? ''}\``)
    }
    for (const { usage } of single) expect(page).toContain(`| \`${usage}\``)
  })

  test('links to headings that it has, and to files that are there', () => {
    const headings = [...page.matchAll(/^##+ (.+)$/gm)].map(([, title = '']) => `#${slug(title)}`)
    const links = [...page.matchAll(/\]\(([^)]+)\)/g)].map(([, to = '']) => to)
    for (const to of links.filter((link) => link.startsWith('#'))) expect(headings).toContain(to)
    for (const to of links.filter((link) => !link.startsWith('#'))) {
      const file = new URL(`../../../docs/${to.split('#')[0] ?? ''}`, import.meta.url)
      expect({ to, isThere: existsSync(file) }).toEqual({ to, isThere: true })
    }
  })
})

/** As the forge makes anchors from headings. */
function slug(title: string): string {
  return title
    .toLowerCase()
    .replaceAll(/[^\w -]/g, '')
    .replaceAll(' ', '-')
}
