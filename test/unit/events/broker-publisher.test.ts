import { createServer } from 'node:net'
import type { AddressInfo, Socket } from 'node:net'
import { afterEach, expect, test } from '@jest/globals'
import { connectPublisher } from '../../../src/events/broker/publisher.ts'

const stops: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
})

/** A method frame of AMQP 0-9-1 on channel 0. */
function frame(classId: number, methodId: number, args: Buffer): Buffer {
  const payload = Buffer.alloc(4 + args.length)
  payload.writeUInt16BE(classId, 0)
  payload.writeUInt16BE(methodId, 2)
  args.copy(payload, 4)
  const head = Buffer.from([1, 0, 0, 0, 0, 0, 0])
  head.writeUInt32BE(payload.length, 3)
  return Buffer.concat([head, payload, Buffer.from([0xce])])
}

function long(text: string): Buffer {
  const length = Buffer.alloc(4)
  length.writeUInt32BE(text.length)
  return Buffer.concat([length, Buffer.from(text)])
}

const START = frame(10, 10, Buffer.concat([Buffer.from([0, 9]), long(''), long('PLAIN'), long('en_US')]))
const TUNE = frame(10, 30, Buffer.from([0, 0, 0, 2, 0, 0, 0, 0]))
const OPEN_OK = frame(10, 41, Buffer.from([0]))

/** Lets everybody in, and answers nothing that is asked afterwards. */
async function muteBroker(): Promise<{ url: string; sockets: Socket[] }> {
  const sockets: Socket[] = []
  const server = createServer((socket) => {
    sockets.push(socket)
    socket.on('error', () => undefined)
    const answers = [START, TUNE, OPEN_OK]
    const awaited = [Buffer.from('AMQP'), Buffer.from([0, 10, 0, 11]), Buffer.from([0, 10, 0, 40])]
    let received = Buffer.alloc(0)
    socket.on('data', (chunk) => {
      received = Buffer.concat([received, Buffer.from(chunk)])
      while (awaited[0] && received.includes(awaited[0])) {
        awaited.shift()
        socket.write(answers.shift() ?? '')
      }
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  stops.push(() => {
    for (const socket of sockets) socket.destroy()
    return new Promise((resolve) => server.close(resolve))
  })
  return { url: `amqp://127.0.0.1:${(server.address() as AddressInfo).port}`, sockets }
}

test('a broker that lets us in and then says nothing is given up, and hung up on (FT-22)', async () => {
  const { url, sockets } = await muteBroker()
  const connecting = connectPublisher({ url, exchange: 'cardea.events', queue: null }, { setUpMs: 200 })
  await expect(connecting).rejects.toMatchObject({ name: 'BrokerTrouble', message: 'timeout' })
  const [socket] = sockets
  for (let tries = 0; tries < 100 && socket?.destroyed === false; tries += 1)
    await new Promise((resolve) => setTimeout(resolve, 20))
  expect(socket?.destroyed).toBe(true)
}, 15_000)
