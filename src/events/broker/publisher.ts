import { connect } from 'amqplib'
import type { ChannelModel, ConfirmChannel } from 'amqplib'
import { failureWord } from '../../http/index.ts'
import { CLOUD_EVENT_TYPE } from './cloud-event.ts'
import type { CloudEvent } from './cloud-event.ts'

/** The broker as the operator named it. */
export type Broker = {
  /** amqp:// or amqps://, with user and password: a secret. */
  url: string
  exchange: string
  /** Bound to the exchange for everything; null: operators bind queues of their own. */
  queue: string | null
}

/** A message is not with the broker, or may not be. The message is one stable word. */
export class BrokerTrouble extends Error {
  override readonly name = 'BrokerTrouble'
}

export type Publisher = {
  isOpen(): boolean
  /**
   * Resolves once the broker has said that it keeps the message and that a queue has it, or that none of the operators' own takes it; rejects
   * with BrokerTrouble.
   */
  publish(event: CloudEvent): Promise<void>
  close(): Promise<void>
}

const CONNECT_MS = 5000
/** A quorum queue that is declared for the first time takes its time; a broker that never answers must not hold the turn. */
const SET_UP_MS = 10_000
const CLOSE_MS = 1000
/** A dead broker behind a live network is noticed within twice this. */
const HEARTBEAT_SECONDS = 15

/**
 * Connects, and declares a durable topic exchange and a quorum queue where they are not there yet. Rejects with BrokerTrouble: refused,
 * timeout, denied, topology … Where the operators bind queues of their own, a message that none of them takes counts as told: nobody asked
 * for it. It must not keep back what others wait for.
 */
export async function connectPublisher(
  { url, exchange, queue }: Broker,
  {
    onUnroutable = () => undefined,
    setUpMs = SET_UP_MS,
  }: { onUnroutable?: () => void; setUpMs?: number } = {},
): Promise<Publisher> {
  const connection = await open(url)
  let isOpen = true
  const waiting = new Set<(trouble: BrokerTrouble) => void>()
  const lost = () => {
    isOpen = false
    for (const reject of waiting) reject(new BrokerTrouble('lost'))
    waiting.clear()
  }
  // Both come: the reason is in the close that follows. Without a listener an error would end the process.
  connection.on('error', lost)
  connection.on('close', lost)
  try {
    const settingUp = setUp(connection, { exchange, queue }, lost)
    const channel = await Promise.race([settingUp, after(setUpMs)])
    if (!channel) {
      settingUp.catch(() => undefined)
      throw new BrokerTrouble('timeout')
    }
    const publish = publisherOn(channel, exchange, queue === null ? onUnroutable : null)
    return {
      isOpen: () => isOpen,
      publish: (event) =>
        new Promise((resolve, reject) => {
          if (!isOpen) return reject(new BrokerTrouble('lost'))
          waiting.add(reject)
          publish(event)
            .then(resolve, reject)
            .finally(() => waiting.delete(reject))
        }),
      close() {
        // Whatever the broker has not confirmed by now it may have or not.
        lost()
        return close(connection)
      },
    }
  } catch (error) {
    await close(connection)
    if (error instanceof BrokerTrouble) throw error
    // It is there and lets us in: the exchange or the queue is of another kind, or is not ours to declare.
    throw new BrokerTrouble('topology')
  }
}

async function setUp(
  connection: ChannelModel,
  { exchange, queue }: Pick<Broker, 'exchange' | 'queue'>,
  lost: () => void,
): Promise<ConfirmChannel> {
  const channel = await connection.createConfirmChannel()
  channel.on('error', lost)
  channel.on('close', lost)
  await channel.assertExchange(exchange, 'topic', { durable: true })
  if (queue !== null) {
    await channel.assertQueue(queue, { durable: true, arguments: { 'x-queue-type': 'quorum' } })
    await channel.bindQueue(queue, exchange, '#')
  }
  return channel
}

function publisherOn(
  channel: ConfirmChannel,
  exchange: string,
  onUnroutable: (() => void) | null,
): Publisher['publish'] {
  // A message that no queue takes comes back before it is confirmed (the mandatory flag).
  const returned = new Set<string>()
  channel.on('return', ({ properties }) => returned.add(String(properties.messageId)))
  return (event) =>
    new Promise((resolve, reject) => {
      const options = {
        ...{ mandatory: true, persistent: true, contentType: CLOUD_EVENT_TYPE },
        ...{ messageId: event.id, appId: 'cardea', timestamp: Math.floor(Date.parse(event.time) / 1000) },
      }
      const confirmed = (error: unknown) => {
        const isReturned = returned.delete(event.id)
        if (isReturned && onUnroutable === null) reject(new BrokerTrouble('unroutable'))
        else if (error) reject(new BrokerTrouble('not_confirmed'))
        else {
          if (isReturned) onUnroutable?.()
          resolve()
        }
      }
      try {
        channel.publish(exchange, event.type, Buffer.from(JSON.stringify(event)), options, confirmed)
      } catch {
        reject(new BrokerTrouble('lost'))
      }
    })
}

async function open(url: string): Promise<ChannelModel> {
  const address = new URL(url)
  if (!address.searchParams.has('heartbeat')) address.searchParams.set('heartbeat', String(HEARTBEAT_SECONDS))
  const connecting = connect(address.href, {
    ...{ timeout: CONNECT_MS, noDelay: true, clientProperties: { connection_name: 'cardea' } },
  })
  const opened = await Promise.race([connecting, after(CONNECT_MS)]).catch((error: unknown) => {
    throw new BrokerTrouble(wordOf(error))
  })
  if (opened) return opened
  // It answers after all: too late.
  connecting.then(close, () => undefined)
  throw new BrokerTrouble('timeout')
}

/** Says goodbye, but waits for no answer that does not come. */
async function close(connection: ChannelModel): Promise<void> {
  connection.on('error', () => undefined)
  const answered = await Promise.race([
    connection.close().then(
      () => true,
      () => true,
    ),
    after(CLOSE_MS),
  ])
  if (answered) return
  const { stream } = connection.connection as unknown as { stream: { destroy(): void } }
  stream.destroy()
}

function wordOf(error: unknown): string {
  const { message = '' } = (error ?? {}) as { message?: string }
  if (/ETIMEDOUT/.test(message)) return 'timeout'
  if (/ACCESS_REFUSED|NOT_ALLOWED|403|530/.test(message)) return 'denied'
  return failureWord(error)
}

function after(ms: number): Promise<undefined> {
  return new Promise((resolve) => {
    setTimeout(resolve, ms, undefined).unref()
  })
}
