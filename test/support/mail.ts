import type { MailTemplate } from '../../src/mail/index.ts'
import { noteSecret } from './issued-secrets.ts'
import type { TestServer } from './server.ts'

export type QueuedMail = { id: string; to: string; language: string; template: string; data: unknown }

/** The mails caused so far, oldest first, with their data opened; to one address, if told. Data that was sent is gone: null. */
export async function mailsOf(
  { database, sealer }: Pick<TestServer, 'database' | 'sealer'>,
  to?: string,
): Promise<QueuedMail[]> {
  const rows = await database.prisma.mail.findMany({
    where: to === undefined ? {} : { recipient: to },
    orderBy: { createdAt: 'asc' },
  })
  return rows.map(({ id, recipient, language, template, sealedData }) => {
    const data =
      sealedData === ''
        ? null
        : (JSON.parse(sealer.open(sealedData, `mails:${id}`)) as { ticket?: string } | null)
    noteSecret(data?.ticket)
    return { ...{ id, to: recipient, language, template }, data }
  })
}

/** The data of the newest mail of a template to an address. Throws when there is none. */
export async function newestMail<T extends MailTemplate['template']>(
  server: Pick<TestServer, 'database' | 'sealer'>,
  to: string,
  template: T,
): Promise<Extract<MailTemplate, { template: T }>['data']> {
  const mail = (await mailsOf(server, to)).findLast((one) => one.template === template)
  if (!mail) throw new Error(`no mail ${template} to ${to}`)
  return mail.data as never
}
