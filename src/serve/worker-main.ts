import process from 'node:process'
import { runWorker } from './worker.ts'

// One of several processes on the public port, started by the supervisor (crew.ts).
process.exitCode = await runWorker(process.env)
// The pipe to the supervisor alone must not keep us.
if (process.connected) process.disconnect()
