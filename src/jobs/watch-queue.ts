import { SIGNALS_SCOPES } from '../clients/index.ts'
import type { Database } from '../db/index.ts'
import { mailsGivenUp, mailsWaiting } from '../mail/index.ts'
import { waitingNotices } from '../oidc/index.ts'
import { queueStatistics } from '../queue/index.ts'
import type { TaskStatistics } from '../queue/index.ts'
import { countStreams, receiverStatistics } from '../receivers/index.ts'
import type { ReceiverStatistics, StreamCount } from '../receivers/index.ts'
import { watchEach } from './watch-each.ts'
import type { OnLook } from './watch-each.ts'

type Waiting = { waiting: number; oldestSeconds: number }

const EVERY_MS = 15_000

/** Tells how much waits. A timer of every process, and no job: each tells its own metrics what it sees, also where no worker is left. */
export function startWatchingQueue(
  { prisma }: Database,
  {
    onJobs,
    onMails,
    onLogouts,
    onReceivers,
    onStreams,
    onLook,
    everyMs = EVERY_MS,
  }: {
    onJobs: (tasks: TaskStatistics[]) => void
    onMails: (queue: Waiting & { givenUp: { template: string; count: number }[] }) => void
    onLogouts: (queue: Waiting) => void
    onReceivers: (receivers: ReceiverStatistics) => void
    onStreams: (streams: StreamCount[]) => void
    onLook: OnLook
    everyMs?: number
  },
): () => Promise<void> {
  const looks = {
    jobs: async () => onJobs(await queueStatistics(prisma)),
    mails: async () => onMails({ ...(await mailsWaiting(prisma)), givenUp: await mailsGivenUp(prisma) }),
    logouts: async () => onLogouts(await waitingNotices(prisma)),
    receivers: async () => onReceivers(await receiverStatistics(prisma)),
    streams: async () => onStreams(await countStreams(prisma, SIGNALS_SCOPES)),
  }
  return watchEach(looks, { everyMs, onLook })
}
