import process from 'node:process'
import { startServer } from './server.ts'

// `npm start`: the development server. `cardea serve` starts the same with production as the default mode.
process.exitCode = await startServer({ env: process.env, defaultMode: 'development' })
