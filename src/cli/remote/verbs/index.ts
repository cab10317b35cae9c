import type { Group } from '../verb.ts'
import { access } from './access.ts'
import { clients } from './clients.ts'
import { jobs } from './jobs.ts'
import { mails } from './mails.ts'
import { resources, scopeWords } from './resources.ts'
import { revocations } from './revocations.ts'
import { server } from './server.ts'
import { streams } from './streams.ts'
import { clientTheme, theme } from './themes.ts'
import { users } from './users.ts'
import { webhooks } from './webhooks.ts'

/** Every verb that is a row of a table, in the order in which help lists them. */
export const groups: readonly Group[] = [
  users,
  clients,
  resources,
  scopeWords,
  theme,
  clientTheme,
  ...access,
  streams,
  revocations,
  ...server,
  jobs,
  mails,
  webhooks,
]
export { single } from './server.ts'
