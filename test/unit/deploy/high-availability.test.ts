import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { describe, expect, test } from '@jest/globals'
import { locate } from '../../../examples/ha/packages.ts'
import { fill } from '../../../examples/ha/template.ts'
import { parseConfig } from '../../../src/config/index.ts'
import { read } from './files.ts'

const values = {
  ...{ NAME: 'pg1', DIR: '/tmp/ha', DATABASE: 'cardea', POSTGRES_BIN: '/usr/lib/postgresql/15/bin' },
  ...{ PORT: 1, REST_PORT: 2, ETCD_PORT: 3, PRIMARY_PORT: 4, PGBOUNCER_PORT: 5, PUBLIC_PORT: 6 },
  ...{ PUBLIC_HOST: 'localhost:6', CARDEA_PORT_1: 7, CARDEA_PORT_2: 8, CARDEA_PORT_3: 9 },
  ...{ POSTGRES_PORT_1: 10, POSTGRES_PORT_2: 11, REST_PORT_1: 12, REST_PORT_2: 13 },
  ...{ POSTGRES_PASSWORD: 'one', REPLICATION_PASSWORD: 'two' },
}
const names = ['haproxy.cfg', 'pgbouncer.ini', 'patroni.yml']
const numberIn = (text: string, name: string) =>
  Number(new RegExp(`\\b${name}\\s*[:=]\\s*(\\d+)`).exec(text)?.[1])

describe('the templates of examples/ha', () => {
  test.each(names)('%s is filled in completely, and refuses to be with a value missing', (name) => {
    expect(fill(name, values)).not.toMatch(/\{\{|\}\}|undefined|NaN/)
    expect(() => fill(name, {})).toThrow(`${name} asks for`)
  })

  test('patroni.yml: the standby is synchronous, and the times fit together as Patroni demands (FT-06)', () => {
    const text = fill('patroni.yml', values)
    expect(text).toMatch(/^ {4}synchronous_mode: true$/m)
    expect(text).toMatch(/^ {8}synchronous_commit: 'on'$/m)
    const [ttl, wait, retry] = ['ttl', 'loop_wait', 'retry_timeout'].map((name) => numberIn(text, name))
    expect(ttl).toBeGreaterThanOrEqual((wait ?? 0) + 2 * (retry ?? 0))
  })

  test('pgbouncer.ini sets the limits that Cardea cannot set through it, at their defaults (FT-03)', () => {
    const parsed = parseConfig({}, { defaultMode: 'development', readFile: String, parseKeyring: () => [] })
    if (!parsed.ok) throw new Error('the defaults are no configuration')
    const { statementTimeoutMs } = parsed.config.database
    const text = fill('pgbouncer.ini', values)
    expect(numberIn(text, 'statement_timeout')).toBe(statementTimeoutMs)
    expect(numberIn(text, 'lock_timeout')).toBe((statementTimeoutMs * 2) / 3)
    expect(numberIn(text, 'idle_in_transaction_session_timeout')).toBe(statementTimeoutMs * 2)
    expect(numberIn(text, 'query_wait_timeout') * 1000).toBe(statementTimeoutMs)
    expect(text).toMatch(/^pool_mode = transaction$/m)
  })

  test('haproxy.cfg never sends a request a second time, and leaves deadlines to Cardea', () => {
    const text = fill('haproxy.cfg', values)
    expect(text.match(/retry-on .*/g)).toEqual(['retry-on conn-failure'])
    expect(Number(/timeout server (\d+)s/.exec(text)?.[1])).toBeGreaterThan(10)
  })

  const haproxy = locate('haproxy')
  const where = haproxy === null ? test.skip : test
  where('haproxy.cfg is one that HAProxy accepts without a warning (apt-get install haproxy)', () => {
    const dir = mkdtempSync(path.join(tmpdir(), 'cardea-haproxy-'))
    const file = path.join(dir, 'haproxy.cfg')
    writeFileSync(file, fill('haproxy.cfg', values))
    const { status, stderr } = spawnSync(haproxy ?? '', ['-c', '-dW', '-f', file], { encoding: 'utf8' })
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
    rmSync(dir, { recursive: true })
  })

  test('the page says what the templates say', () => {
    const page = read('docs/high-availability.md')
    const patroni = fill('patroni.yml', values)
    for (const name of ['ttl', 'loop_wait', 'retry_timeout', 'primary_start_timeout'])
      expect(page).toContain(`${name}: ${numberIn(patroni, name)}`)
    for (const name of ['synchronous_mode', 'synchronous_mode_strict', 'failsafe_mode', 'use_pg_rewind'])
      expect(page).toContain(`\`${name}: ${new RegExp(`\\b${name}: (\\w+)`).exec(patroni)?.[1]}\``)
  })
})
