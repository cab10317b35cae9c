import { resolve } from 'node:path'
import type { Config } from '../config/index.ts'
import type { Sealer } from '../crypto/index.ts'
import type { Database } from '../db/index.ts'
import type { PasswordHasher } from '../users/index.ts'
import { panel } from './panel.ts'
import { startSampleApp } from './sample-app.ts'
import type { SampleApp } from './sample-app.ts'
import { readSecrets } from './secrets.ts'
import type { DevelopmentSecrets } from './secrets.ts'
import { seed } from './seed.ts'

export type Development = {
  secrets: DevelopmentSecrets
  logFile: string
  /** Seeds, starts the sample app and prints the panel. */
  welcome(ready: {
    database: Database
    hasher: PasswordHasher
    sealer: Sealer
    opsUrl: string
    dataDir: string | undefined
  }): Promise<void>
  stop(): Promise<void>
}

export function openDevelopment(config: Config): Development {
  const dir = resolve(config.dataDir)
  const secrets = readSecrets(`${dir}/development.json`)
  const logFile = `${dir}/cardea.log`
  let sampleApp: SampleApp | undefined
  return {
    secrets,
    logFile,
    async welcome({ database, hasher, sealer, opsUrl, dataDir }) {
      await seed({ database, hasher, sealer, secrets, samplePort: config.samplePort })
      sampleApp = startSampleApp({ config, secrets })
      const places = {
        issuer: config.issuer,
        sampleUrl: sampleApp.url,
        opsUrl,
        dataDir: dataDir ?? 'the database at DATABASE_URL',
        logFile,
      }
      process.stdout.write(`${await panel(places, secrets)}\n`)
    },
    stop: async () => sampleApp?.stop(),
  }
}
