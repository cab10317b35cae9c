import type { CloudEvent } from './cloud-event.ts'

/** How far a batch came: every event up to this one is with the broker; `error` says in a word why not all are. */
export type Progress = { done: number; error: unknown }

/**
 * Publishes a batch, events about different subjects side by side, those about one subject one after the other: the next only once the one
 * before it is confirmed. So whoever leaves out what it has seen (by `id`) hears of each subject in the order in which it happened, also
 * when something in the middle failed and is sent again. Resolves when every one is confirmed or has failed.
 */
export async function publishInOrder(
  publish: (event: CloudEvent) => Promise<void>,
  events: readonly CloudEvent[],
): Promise<Progress> {
  const last = new Map<string | undefined, Promise<void>>()
  const outcomes = await Promise.allSettled(
    events.map((event) => {
      const before = last.get(event.subject)
      const turn = before ? before.then(() => publish(event)) : publish(event)
      last.set(event.subject, turn)
      return turn
    }),
  )
  const failed = outcomes.findIndex(({ status }) => status === 'rejected')
  const outcome = outcomes[failed]
  return outcome?.status === 'rejected'
    ? { done: failed, error: outcome.reason as unknown }
    : { done: events.length, error: null }
}
