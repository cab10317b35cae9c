import { describe, expect, test } from '@jest/globals'
import { configOf, problemsOf, production } from './environment.ts'

const about = (variable: string): object => expect.objectContaining({ variable })

describe('the message broker', () => {
  test('is none unless it is named; then events go to one exchange, and all of them into one queue', () => {
    expect(configOf(production).broker).toBeNull()
    const url = 'amqps://us%40er:p%2Fw@broker.example.com/%2Fevents'
    expect(configOf({ ...production, CARDEA_BROKER_URL: url }).broker).toEqual({
      ...{ url, exchange: 'cardea.events', queue: 'cardea.events' },
    })
    const own = { CARDEA_BROKER_EXCHANGE: 'id:events', CARDEA_BROKER_QUEUE: 'none' }
    expect(configOf({ CARDEA_BROKER_URL: 'amqp://localhost', ...own }).broker).toMatchObject({
      ...{ exchange: 'id:events', queue: null },
    })
  })

  test.each([
    'http://broker.example.com',
    'amqp://',
    'amqp://broker.example.com/a/b',
    'amqp://us%er:p%@broker.example.com',
    'amqp://broker.example.com/#x',
  ])('%s is none, and is not repeated', (text) => {
    const problems = problemsOf({ CARDEA_BROKER_URL: text })
    expect(problems).toContainEqual(about('CARDEA_BROKER_URL'))
    expect(JSON.stringify(problems)).not.toContain(`"${text}`)
  })

  test.each(['amq.topic', 'a b', 'x'.repeat(201), 'ä'])('%j is no name of an exchange or queue', (text) => {
    for (const name of ['CARDEA_BROKER_EXCHANGE', 'CARDEA_BROKER_QUEUE'])
      expect(problemsOf({ [name]: text })).toContainEqual(about(name))
  })
})
