import { expect, test } from '@jest/globals'
import { createMetrics } from '../../../src/http/index.ts'

test('mails that were given up are shown by template, and one that is dealt with no more', async () => {
  const { registry, observeMailQueue } = createMetrics({
    databasePool: () => ({ total: 0, idle: 0, waiting: 0 }),
  })
  const queue = { waiting: 2, oldestSeconds: 9 }
  observeMailQueue({ ...queue, givenUp: [{ template: 'invite', count: 3 }] })
  const lines = async () => (await registry.metrics()).split('\n').filter((line) => line.startsWith('mails_'))
  expect(await lines()).toEqual([
    'mails_waiting 2',
    'mails_oldest_seconds 9',
    'mails_given_up{template="invite"} 3',
  ])
  observeMailQueue({ ...queue, givenUp: [] })
  expect(await lines()).toEqual(['mails_waiting 2', 'mails_oldest_seconds 9'])
})
