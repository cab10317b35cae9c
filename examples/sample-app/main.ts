// The process: environment → settings → app → listen → signals.
import { createSampleApp } from './app.ts'
import { readSettings } from './settings.ts'

const settings = readSettings(process.env)
if (!settings.ok) {
  console.error(`The sample app cannot start:\n${settings.problems.map((line) => `  - ${line}`).join('\n')}`)
  process.exit(1)
}

const { host, port, options } = settings
const server = createSampleApp(options).listen(port, host, () => {
  console.log(`Sample app on ${options.baseUrl.origin} (signs in at ${options.issuer.origin})`)
})
server.on('error', (error) => {
  console.error(`The sample app cannot listen on ${host}:${port}: ${error.message}`)
  process.exit(1)
})

const stop = () => {
  server.close(() => process.exit(0))
  // Requests under way get half a second to finish; then the door closes on them.
  setTimeout(() => server.closeAllConnections(), 500).unref()
}
process.once('SIGTERM', stop)
process.once('SIGINT', stop)
