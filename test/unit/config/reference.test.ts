import { describe, expect, test } from '@jest/globals'
import { configReference, describeProblems } from '../../../src/config/index.ts'
import { variables } from '../../../src/config/variables.ts'
import { configOf, problemsOf } from './environment.ts'

describe('the reference table', () => {
  const lines = configReference().trimEnd().split('\n')

  test('has one row of four cells for every variable', () => {
    expect(lines).toHaveLength(Object.keys(variables).length + 2)
    for (const line of lines) expect(line.split(/(?<!\\)\|/)).toHaveLength(6)
    for (const name of Object.keys(variables)) expect(configReference()).toContain(`| \`${name}\` |`)
  })

  test('shows the default that really applies', () => {
    expect(configReference()).toMatch(/\| `CARDEA_ACCESS_TOKEN_TTL` \| `600` \|/)
    expect(configReference()).toMatch(
      /\| `CARDEA_HOST` \| development: `127.0.0.1`, production: `0.0.0.0` \|/,
    )
  })

  test('gives examples that are accepted', () => {
    for (const [name, { example }] of Object.entries(variables)) {
      if (example !== undefined && name !== 'CARDEA_MODE' && example !== '') {
        // One that stands beside a database is none without it.
        const beside = { DATABASE_URL: variables.DATABASE_URL.example }
        expect(problemsOf({ ...beside, [name]: example })).toEqual([])
      }
    }
    expect(configOf({}).mode).toBe('development')
  })
})

describe('problems on a terminal', () => {
  test('name the variable, what is wrong and what to do', () => {
    expect(describeProblems(problemsOf({ CARDEA_PORT: 'x' }))).toBe(
      'CARDEA_PORT: must be a whole number from 0 to 65535, but is "x".\n  Write for example CARDEA_PORT=3000.',
    )
  })
})
