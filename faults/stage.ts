import { randomSecret } from '../src/crypto/index.ts'
import { freePorts } from '../test/support/server.ts'
import { startDatabase } from './database.ts'
import type { FaultDatabase } from './database.ts'
import { startInstance } from './instance.ts'
import type { Instance } from './instance.ts'
import type { Journal } from './journal.ts'
import { environment } from './limits.ts'
import { startProxy } from './proxy.ts'
import type { Proxy } from './proxy.ts'
import { startReceiver } from './receiver.ts'
import type { Receiver } from './receiver.ts'

export type Stage = {
  issuer: string
  instances: Instance[]
  /** Between clients and each instance. */
  fronts: Proxy[]
  /** Between each instance and the database. */
  backs: Proxy[]
  database: FaultDatabase
  receiver: Receiver
  /** Undoes whatever is still wrong. */
  heal(): Promise<void>
  stop(): Promise<void>
}

const INSTANCES = 2

/** Two instances of one issuer on one database, every way between them through a proxy. `stop` leaves nothing behind. */
export async function startStage(journal: Journal): Promise<Stage> {
  const cleanUp: (() => Promise<unknown>)[] = []
  const stop = async () => {
    for (const step of cleanUp.splice(0).toReversed()) await step()
  }
  try {
    const database = await startDatabase()
    cleanUp.push(() => database.stop())
    const receiver = await startReceiver(journal)
    cleanUp.push(() => receiver.stop())
    const ports = await freePorts(INSTANCES * 2)
    const each = Array.from({ length: INSTANCES }, (_, nth) => nth)
    const fronts = await Promise.all(each.map((nth) => startProxy(() => ports[nth] ?? 0)))
    const backs = await Promise.all(each.map(() => startProxy(() => database.port(), { toDatabase: true })))
    cleanUp.push(() => Promise.all([...fronts, ...backs].map((proxy) => proxy.close())))
    const issuer = `http://localhost:${fronts[0]?.port ?? 0}`
    const shared = { issuer, keyring: randomSecret(), cookieKeys: randomSecret() }
    const instances = each.map((nth) => {
      const url = new URL(database.url())
      url.port = String(backs[nth]?.port)
      const own = { port: ports[nth] ?? 0, opsPort: ports[INSTANCES + nth] ?? 0, databaseUrl: url.href }
      return startInstance(nth, environment(own, shared), journal)
    })
    cleanUp.push(() => Promise.all(instances.map((instance) => instance.end())))
    await Promise.all(instances.map((instance) => instance.listening()))

    return {
      ...{ issuer, instances, fronts, backs, database, receiver, stop },
      heal() {
        receiver.behave('answers')
        for (const proxy of [...fronts, ...backs]) {
          proxy.refuse(false)
          proxy.hold(false)
          proxy.delay(0)
          proxy.cutCommits(0, 'before').stop()
        }
        for (const instance of instances) instance.setClock(0)
        return Promise.resolve()
      },
    }
  } catch (error) {
    await stop()
    throw error
  }
}
