// The process: environment → API → listen → signals.
import { createApi } from './api.ts'

const {
  API_ISSUER: issuer = 'http://localhost:3000',
  API_AUDIENCE: audience = 'https://api.shop.example/',
  API_PORT: port = '3200',
  API_ACR_VALUES: acrValues = 'urn:cardea:acr:mfa',
} = process.env

const server = createApi({ issuer, audience, acrValues: acrValues.split(' ') }).listen(
  Number(port),
  '127.0.0.1',
  () => {
    console.log(`Orders on http://localhost:${port}/orders, for tokens of ${issuer} to ${audience}`)
  },
)
server.on('error', (error) => {
  console.error(`The API cannot listen on port ${port}: ${error.message}`)
  process.exit(1)
})

for (const signal of ['SIGINT', 'SIGTERM'] as const)
  process.once(signal, () => {
    server.close(() => process.exit(0))
    setTimeout(() => server.closeAllConnections(), 500).unref()
  })
