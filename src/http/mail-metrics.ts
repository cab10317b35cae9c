import { Counter, Gauge } from 'prom-client'
import type { Registry } from 'prom-client'

type Mails = {
  waiting: number
  oldestSeconds: number
  /** Those that an operator may still have sent. */
  givenUp: readonly { template: string; count: number }[]
}

/** Metrics of mails. What waits is the same in every process, because it is read from the database. */
export function mailMetrics(registry: Registry): {
  mails: Counter<'outcome'>
  /** Notes how many mails wait to be sent, for how long the oldest has, and what was given up. */
  observeMailQueue: (queue: Mails) => void
} {
  const registers = [registry]
  // Read from the database, and so the same wherever it is read: not to be added up.
  const shared = { registers, aggregator: 'max' as const }
  const mails = new Counter({
    name: 'mails_total',
    help: 'Attempts to send a mail by outcome; ended ones carried a link that had ended while they waited',
    labelNames: ['outcome'] as const,
    registers,
  })
  const mailsWaiting = new Gauge({
    name: 'mails_waiting',
    help: 'Mails not sent yet, of all instances',
    ...shared,
  })
  const oldestMail = new Gauge({
    name: 'mails_oldest_seconds',
    help: 'How long the oldest of them has waited',
    ...shared,
  })
  const givenUpMails = new Gauge({
    name: 'mails_given_up',
    help: 'Mails that were given up and wait for an operator to retry or discard them, until what they carry has expired, by template',
    labelNames: ['template'] as const,
    ...shared,
  })
  return {
    mails,
    observeMailQueue({ waiting, oldestSeconds, givenUp }) {
      mailsWaiting.set(waiting)
      oldestMail.set(oldestSeconds)
      givenUpMails.reset()
      for (const { template, count } of givenUp) givenUpMails.set({ template }, count)
    },
  }
}
