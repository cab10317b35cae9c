import { expect, test } from '@jest/globals'
import { pino } from 'pino'
import { tellTrouble } from '../../../src/wiring/index.ts'

test('a database that is away is a warning, what waiting cannot cure an error (FT-01)', () => {
  const lines: string[] = []
  const logger = pino({}, { write: (line: string) => void lines.push(line) })
  const said = [
    new Error('Connection terminated unexpectedly'),
    Object.assign(new Error('terminating connection due to administrator command'), { code: '57P01' }),
    Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:5432'), { code: 'ECONNREFUSED' }),
    new Error('relation "x" does not exist'),
  ]
  for (const error of said) tellTrouble(logger, error, 'the worker is in trouble')
  expect(lines.map((line) => (JSON.parse(line) as { level: number }).level)).toEqual([40, 40, 40, 50])
  expect(JSON.parse(lines[3] ?? '')).toMatchObject({
    error: 'Error: relation "x" does not exist',
    msg: 'the worker is in trouble',
  })
})
