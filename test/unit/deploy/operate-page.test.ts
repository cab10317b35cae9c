import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from '@jest/globals'
import { auditTypes } from '../../../src/audit/index.ts'
import { EXIT } from '../../../src/cli/refusal.ts'
import { read, settings, unknownSettings } from './files.ts'

const page = read('docs/operate.md')
const section = (title: string) => page.split(new RegExp(`^## ${title}$`, 'm'))[1]?.split(/^## /m)[0] ?? ''

describe('docs/operate.md', () => {
  test('has the table of variables that the code has (run scripts/config-reference.mjs)', () => {
    const script = fileURLToPath(new URL('../../../scripts/config-reference.mjs', import.meta.url))
    const checked = spawnSync(process.execPath, [script, '--check'], { encoding: 'utf8' })
    expect(checked).toMatchObject({ status: 0, stderr: '' })
  })

  test('has every setting in its table, and mentions none that does not exist', () => {
    expect(settings.size).toBeGreaterThan(25)
    for (const name of settings) expect(section('Configuration')).toContain(`| \`${name}\` |`)
    const mentioned = page.match(/\b(CARDEA_[A-Z][A-Z_]+|DATABASE_URL)\b/g) ?? []
    expect(unknownSettings(mentioned)).toEqual([])
  })

  test('lists the audit events that the code can record, all of them and no other', () => {
    const listed = [...section('Audit events').matchAll(/^\| `([\w.]+)`/gm)].map(([, type]) => type)
    expect(listed).toEqual(auditTypes.toSorted())
  })

  test('explains every exit code', () => {
    const listed = [...section('Exit codes').matchAll(/^\| (\d+) /gm)].map(([, code]) => Number(code))
    expect(listed).toEqual(Object.values(EXIT).sort((a, b) => a - b))
    for (const reason of Object.keys(EXIT).filter((one) => one !== 'ok'))
      expect(section('Exit codes')).toContain(`\`${reason}\``)
  })

  test('says the defaults that apply', () => {
    const row = (name: string) => new RegExp(`^\\| \`${name}\` \\| \`?([^|\`]+)`, 'm').exec(page)?.[1]
    const seconds = (name: string) => `${Number(row(name)) / 1000} s`
    const limits = section('Timeouts, and what 503 means')
    for (const name of ['REQUEST_TIMEOUT', 'DATABASE_TIMEOUT', 'SHUTDOWN_TIMEOUT', 'SHUTDOWN_DELAY'])
      expect(limits).toMatch(new RegExp(`\\| \`CARDEA_${name}\` +\\| ${seconds(`CARDEA_${name}`)} `))
    expect(limits).toMatch(
      new RegExp(`\\| \`CARDEA_DATABASE_POOL\` +\\| ${row('CARDEA_DATABASE_POOL') ?? ''} `),
    )
  })

  test('names the metrics that the operations listener has', () => {
    const files = ['metrics', 'mail-metrics', 'process-metrics', 'receiver-metrics', 'storage-metrics']
    const source = files.map((file) => read(`src/http/${file}.ts`)).join('\n')
    const made = [...source.matchAll(/^ {4}name: '(\w+)'/gm)].map(([, name]) => name)
    const listed = [...section('Health and metrics').matchAll(/^\| `(\w+)` +\|/gm)].map(([, name]) => name)
    expect(made.length).toBeGreaterThan(3)
    expect(listed.sort()).toEqual(made.sort())
  })
})
