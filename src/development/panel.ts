import QRCode from 'qrcode'
import { totpUri } from '../users/index.ts'
import { SEED } from './seed.ts'
import type { DevelopmentSecrets } from './secrets.ts'

type Places = { issuer: string; sampleUrl: string; opsUrl: string; dataDir: string; logFile: string }

/** The one thing a development server prints: where everything is and who to sign in as. */
export async function panel(
  { issuer, sampleUrl, opsUrl, dataDir, logFile }: Places,
  secrets: DevelopmentSecrets,
): Promise<string> {
  const uri = totpUri(secrets.userTotpSecret, { issuer: 'Cardea', account: SEED.user })
  const qr = await QRCode.toString(uri, { type: 'terminal', small: true, errorCorrectionLevel: 'L' })
  const rows: [string, string][] = [
    ['Sample app', `${sampleUrl}   start here`],
    ['Issuer', issuer],
    ['Admin API', `${opsUrl}/docs`],
    ['Mailbox', `${opsUrl}/mailbox   mails land here`],
    ['', ''],
    ['Sign in as', SEED.user],
    ['  password', secrets.userPassword],
    ['  code', 'scan the code below, or'],
    ['', uri],
    ['Admin', SEED.admin],
    ['  password', `${secrets.adminPassword}   (sets up its second factor at the first sign-in)`],
    ['', ''],
    ['Data', dataDir],
    ['Log', logFile],
  ]
  const lines = rows.map(([label, value]) => `  ${label.padEnd(12)}  ${value}`.trimEnd())
  return [
    '',
    '  Cardea is ready. Development mode: nothing here is for production.',
    '',
    ...lines,
    '',
    indent(qr),
    '  Ctrl-C stops everything.',
    '',
  ].join('\n')
}

function indent(block: string): string {
  return block.replaceAll(/^/gm, '  ')
}
