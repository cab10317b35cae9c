import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { parse } from 'yaml'
import { parseConfig } from '../../../src/config/index.ts'
import { parseKeyring } from '../../../src/crypto/index.ts'
import { docsBlock, read, unknownSettings } from './files.ts'

type Service = {
  image?: string
  command?: string[]
  entrypoint?: string[]
  environment?: Record<string, string>
  secrets?: string[]
  volumes?: string[]
  depends_on?: Record<string, { condition: string }>
  healthcheck?: { test?: string[]; disable?: boolean }
  ports?: string[]
  profiles?: string[]
  stop_grace_period?: string
  read_only?: boolean
  cap_drop?: string[]
}
const file = parse(read('docker-compose.yml')) as {
  services: Record<'postgres' | 'migrate' | 'server' | 'sample', Service>
  volumes: Record<string, unknown>
  secrets: Record<string, { file: string }>
}
const { postgres, migrate, server, sample } = file.services

describe('docker-compose.yml', () => {
  test('keeps the data of PostgreSQL 18 where its image expects a volume', () => {
    expect(postgres.image).toBe('postgres:18')
    expect(postgres.volumes).toEqual(['postgres:/var/lib/postgresql'])
    expect(file.volumes).toHaveProperty('postgres')
  })

  test('migrates as a step of its own, after the database and before the server', () => {
    expect(migrate.command).toEqual(['migrate'])
    expect(migrate.depends_on).toEqual({ postgres: { condition: 'service_healthy' } })
    expect(server.depends_on).toMatchObject({ migrate: { condition: 'service_completed_successfully' } })
    expect(postgres.healthcheck?.test).toContain('pg_isready')
  })

  test('gives the migration no key, and nobody a secret in a variable', () => {
    expect(migrate.secrets).toEqual(['database_url'])
    const values = Object.values(file.services).flatMap(({ environment }) =>
      Object.entries(environment ?? {}),
    )
    for (const [name, value] of values)
      if (/KEY|PASSWORD|SECRET|DATABASE_URL/.test(name))
        expect(value).toMatch(/^(\/run\/secrets\/\w+|\$\{\w+:-\})$/)
  })

  test('uses settings that exist, of Cardea and of the sample app', () => {
    const own = [migrate, server].flatMap(({ environment = {} }) => Object.keys(environment))
    expect(unknownSettings(own)).toEqual([])
    const sampleSettings = read('examples/sample-app/settings.ts')
    for (const name of Object.keys(sample.environment ?? {})) expect(sampleSettings).toContain(`'${name}'`)
    const asked = [...read('docker-compose.yml').matchAll(/\$\{(\w+)/g)].map(([, name = '']) => name)
    expect(unknownSettings(asked.filter((name) => !name.startsWith('SAMPLE_')))).toEqual([])
  })

  test('hands every service the secrets it names, and defines them', () => {
    for (const { environment = {}, secrets = [] } of Object.values(file.services)) {
      const used = Object.values(environment).flatMap(
        (value) => /^\/run\/secrets\/(\w+)$/.exec(value)?.[1] ?? [],
      )
      expect([...used].sort()).toEqual([...secrets].sort())
      for (const name of used) expect(file.secrets).toHaveProperty(name)
    }
  })

  test('runs ours without rights: a read-only file system, no capabilities', () => {
    for (const service of [migrate, server, sample])
      expect(service).toMatchObject({
        read_only: true,
        cap_drop: ['ALL'],
        security_opt: ['no-new-privileges:true'],
      })
  })

  test('publishes ports on loopback only, and asks the server whether it is ready', () => {
    const ports = Object.values(file.services).flatMap((service) => service.ports ?? [])
    expect(ports).toEqual(['127.0.0.1:3000:3000', '127.0.0.1:3100:3100'])
    // The image's own, which a test runs, with the port written out.
    const [, checked = ''] = /HEALTHCHECK.*?"-e", "(.*?)"\]/s.exec(read('Dockerfile')) ?? []
    const here = checked.replace("127.0.0.1:' + (process.env.CARDEA_PORT || 3000) + '", '127.0.0.1:3000')
    expect(server.healthcheck?.test).toEqual(['CMD', 'node', '-e', here])
  })

  test('gives the server longer to stop than it takes', () => {
    const { CARDEA_SHUTDOWN_TIMEOUT } = server.environment ?? {}
    expect(CARDEA_SHUTDOWN_TIMEOUT).toBeUndefined()
    expect(Number.parseInt(server.stop_grace_period ?? '', 10)).toBeGreaterThan(12 + 5)
  })

  test('starts the sample app only when asked for, from a file that is there', () => {
    expect(sample.profiles).toEqual(['sample'])
    expect(sample.entrypoint).toEqual(['node', 'examples/sample-app/main.ts'])
    expect(() => read('examples/sample-app/main.ts')).not.toThrow()
  })
})

describe('with the secrets that docs/operate.md makes', () => {
  let dir: string
  beforeAll(() => {
    dir = mkdtempSync(path.join(tmpdir(), 'cardea-compose-'))
    execFileSync('sh', ['-euc', docsBlock('secrets')], { cwd: dir })
  })
  afterAll(() => rmSync(dir, { recursive: true }))

  const content = (secret: string) => readFileSync(path.join(dir, file.secrets[secret]?.file ?? ''), 'utf8')

  test('the server has a production configuration', () => {
    const env = Object.fromEntries(
      Object.entries(server.environment ?? {}).map(([name, value]) => [
        name,
        value.replace(/^\$\{CARDEA_ISSUER:.*\}$/, 'https://id.example.com').replace(/^\$\{\w+:-\}$/, ''),
      ]),
    )
    const readFile = (place: string) => content(path.basename(place))
    const parsed = parseConfig(env, { defaultMode: 'production', readFile, parseKeyring })
    expect(parsed.ok ? [] : parsed.problems).toEqual([])
  })

  test('server and database agree on user, password and database', () => {
    const url = new URL(content('database_url'))
    expect(url.hostname).toBe('postgres')
    expect(url.username).toBe(postgres.environment?.['POSTGRES_USER'])
    expect(url.pathname).toBe(`/${postgres.environment?.['POSTGRES_DB'] ?? ''}`)
    expect(url.password).toBe(content('postgres_password').trim())
  })

  test('the folder is closed, and its files are readable for the user in the container', () => {
    expect(statSync(path.join(dir, 'secrets')).mode & 0o777).toBe(0o700)
    for (const { file: secret } of Object.values(file.secrets))
      expect(statSync(path.join(dir, secret)).mode & 0o777).toBe(0o644)
  })
})
