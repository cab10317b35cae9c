import { setTimeout as sleep } from 'node:timers/promises'
import { startLogoutReceiver } from './logout-receiver.ts'
import { addClient, addPerson } from './people.ts'
import { startTestServer } from './server.ts'

/** A server on two instances that deliver only when told to, and a relying party to tell. */
export async function startNoticeStage() {
  const server = await startTestServer({ instances: 2 })
  const receiver = await startLogoutReceiver()
  const person = await addPerson(server)
  const { pool, prisma } = server.database
  let running: (() => Promise<void>)[] = []
  let nth = 0
  const notices = () => prisma.logoutNotice.findMany()

  async function stopDelivering(): Promise<void> {
    await Promise.all(running.map((stop) => stop()))
    running = []
  }

  return {
    ...{ server, receiver, person, notices, stopDelivering },
    deliver(instances = 1): void {
      for (const { startLogoutDelivery } of server.instances.slice(0, instances))
        running.push(startLogoutDelivery({ everyMs: 20 }))
    },
    /** A client with an address of its own at the relying party. */
    async addApp(at = receiver.origin) {
      nth += 1
      const path = `/logout-${nth}`
      return { ...(await addClient(server, { metadata: { backchannel_logout_uri: `${at}${path}` } })), path }
    },
    /** Notices as a sign-out queues them, many at once. */
    async queue(clientId: string, count: number, age = '0 s'): Promise<void> {
      await pool.query(
        `INSERT INTO logout_notices (id, client_id, user_id, sid, created_at, next_attempt_at)
          SELECT gen_random_uuid(), $1, $2, 'sid-' || i, now() - $4::interval, now() - $4::interval FROM generate_series(1, $3) i`,
        [clientId, person.id, count, age],
      )
    },
    async makeDue(): Promise<void> {
      await pool.query('UPDATE logout_notices SET next_attempt_at = now()')
    },
    /** Resolves with the notices once they are as expected. */
    async when(expected: (rows: Awaited<ReturnType<typeof notices>>) => boolean) {
      for (let round = 0; round < 500; round += 1) {
        const rows = await notices()
        if (expected(rows)) return rows
        await sleep(20)
      }
      throw new Error(JSON.stringify(await notices()))
    },
    /** Before each test: nothing waits, and the relying party answers as it should. */
    async clear(): Promise<void> {
      await stopDelivering()
      await prisma.logoutNotice.deleteMany()
      receiver.received.length = 0
      receiver.answer = (_req, res) => res.end()
    },
    async stop(): Promise<void> {
      await stopDelivering()
      await server.stop()
      await receiver.stop()
    },
  }
}
