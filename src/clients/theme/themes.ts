import { createHash } from 'node:crypto'
import { z } from 'zod'
import { record } from '../../audit/index.ts'
import type { By } from '../../audit/index.ts'
import type { Db, Prisma, Tx } from '../../db/index.ts'
import { findClient, isClientId } from '../client.ts'
import { inspectImage } from '../logos/image.ts'
import type { ImageRefusal } from '../logos/image.ts'
import { contrastFaults, paletteOf } from './palette.ts'
import type { ContrastFault } from './palette.ts'
import { onTop, themeSettingsSchema } from './settings.ts'
import type { ThemeSettings } from './settings.ts'

/** The theme of every page; a client's own lies on top of it. */
export const EVERYBODY = ''

export const MOST_LOGO_BYTES = 40 * 1024

const storedSchema = themeSettingsSchema.extend({
  logo: z
    .strictObject({ digest: z.string(), type: z.string(), width: z.number(), height: z.number() })
    .optional(),
})

export type StoredLogo = { digest: string; type: string; width: number; height: number }
export type StoredTheme = { clientId: string; settings: ThemeSettings; logo: StoredLogo | null }

type Refused =
  | { ok: false; reason: 'not_found' | 'built_in' }
  | { ok: false; reason: 'contrast'; faults: (ContrastFault & { clientId: string })[] }

/** The theme of a client, or of everybody; empty where none was saved. Null when there is no such client. */
export async function findTheme(db: Db, clientId: string): Promise<StoredTheme | null> {
  if (clientId !== EVERYBODY && !(await findClient(db, clientId))) return null
  const row = await db.theme.findUnique({ where: { clientId }, omit: { logo: true } })
  return row ? toStored(row) : { clientId, settings: {}, logo: null }
}

/** How many themes one statement reads. */
const PAGE = 500

/** All themes, in the order of their clients' ids, that of everybody first; read in pages, however many there are. */
export async function* listThemes(db: Db): AsyncGenerator<StoredTheme> {
  for (let after: string | undefined; ;) {
    const rows = await db.theme.findMany({
      omit: { logo: true },
      where: after === undefined ? {} : { clientId: { gt: after } },
      orderBy: { clientId: 'asc' },
      take: PAGE,
    })
    yield* rows.map(toStored)
    after = rows.at(-1)?.clientId
    if (rows.length < PAGE) return
  }
}

/**
 * Replaces a theme; its logo stays. Refuses colours that stand too close together (WCAG 2.2 AA, both schemes, every pair that the
 * stylesheets use), by themselves or together with the theme below or above, and says which and by how much.
 */
export async function saveTheme(
  tx: Tx,
  clientId: string,
  settings: ThemeSettings,
  by: By = {},
): Promise<{ ok: true; theme: StoredTheme } | Refused> {
  const refused = await refuseClient(tx, clientId)
  if (refused) return refused
  await lock(tx)
  const faults = await faultsOf(tx, clientId, settings)
  if (faults.length > 0) return { ok: false, reason: 'contrast', faults }
  const before = await findTheme(tx, clientId)
  const logo = before?.logo ?? null
  await write(tx, { clientId, settings, logo })
  await record(tx, {
    type: 'theme.updated',
    ...(clientId === EVERYBODY ? {} : { clientId }),
    detail: { set: Object.keys(settings) },
    ...by,
  })
  return { ok: true, theme: { clientId, settings, logo } }
}

/** Gives a theme a logo: PNG, JPEG or WebP by its own bytes, at most 40 KiB and 1024 pixels a side. */
export async function saveThemeLogo(
  tx: Tx,
  clientId: string,
  bytes: Buffer,
  by: By = {},
): Promise<{ ok: true; theme: StoredTheme } | Refused | { ok: false; reason: ImageRefusal | 'too_large' }> {
  const refused = await refuseClient(tx, clientId)
  if (refused) return refused
  if (bytes.byteLength > MOST_LOGO_BYTES) return { ok: false, reason: 'too_large' }
  const image = inspectImage(bytes)
  if (!image.ok) return image
  await lock(tx)
  const settings = (await findTheme(tx, clientId))?.settings ?? {}
  const { type, width, height } = image
  const theme = { clientId, settings, logo: { digest: digestOf(bytes), type, width, height } }
  await write(tx, theme, bytes)
  const whose = clientId === EVERYBODY ? {} : { clientId }
  await record(tx, { type: 'theme.updated', ...whose, detail: { set: ['logo'] }, ...by })
  return { ok: true, theme }
}

/** Takes a theme away, or only its logo. Refuses what would leave other themes with colours too close together. */
export async function deleteTheme(
  tx: Tx,
  clientId: string,
  { only }: { only?: 'logo' } = {},
  by: By = {},
): Promise<{ ok: true } | Refused> {
  const refused = await refuseClient(tx, clientId)
  if (refused) return refused
  await lock(tx)
  const before = await findTheme(tx, clientId)
  if (!before || (only === 'logo' ? !before.logo : !before.logo && isEmpty(before)))
    return { ok: false, reason: 'not_found' }
  if (only === 'logo') await write(tx, { ...before, logo: null }, null)
  else {
    const faults = await faultsOf(tx, clientId, {})
    if (faults.length > 0) return { ok: false, reason: 'contrast', faults }
    await tx.theme.deleteMany({ where: { clientId } })
  }
  const whose = clientId === EVERYBODY ? {} : { clientId }
  await record(tx, { type: 'theme.deleted', ...whose, detail: { only: only ?? 'all' }, ...by })
  return { ok: true }
}

/** The bytes of a theme's logo, if it still is the one of this digest. */
export async function findThemeLogo(
  db: Db,
  clientId: string,
  digest: string,
): Promise<{ type: string; body: Buffer } | null> {
  if (clientId !== EVERYBODY && !isClientId(clientId)) return null
  const row = await db.theme.findUnique({ where: { clientId } })
  if (!row?.logo || row.logoType === null || toStored(row).logo?.digest !== digest) return null
  return { type: row.logoType, body: Buffer.from(row.logo) }
}

export function digestOf(bytes: Buffer | string): string {
  return createHash('sha256').update(bytes).digest('hex').slice(0, 32)
}

async function refuseClient(tx: Tx, clientId: string): Promise<Refused | null> {
  if (clientId === EVERYBODY) return null
  const client = await findClient(tx, clientId)
  if (!client) return { ok: false, reason: 'not_found' }
  return client.builtIn ? { ok: false, reason: 'built_in' } : null
}

/** Themes lie on top of each other, so one is judged with the others: changes wait for each other. */
async function lock(tx: Tx): Promise<void> {
  await tx.$executeRaw`SELECT pg_advisory_xact_lock(hashtext('cardea:themes'))`
}

async function faultsOf(tx: Tx, clientId: string, settings: ThemeSettings) {
  if (clientId !== EVERYBODY) {
    const below = (await findTheme(tx, EVERYBODY))?.settings ?? {}
    return faultsOn(below, { clientId, settings })
  }
  const faults = faultsOn(settings, { clientId, settings: {} })
  for await (const one of listThemes(tx))
    if (one.clientId !== EVERYBODY) faults.push(...faultsOn(settings, one))
  return faults
}

function faultsOn(below: ThemeSettings, { clientId, settings }: Pick<StoredTheme, 'clientId' | 'settings'>) {
  const { colours } = onTop(below, settings)
  return (['light', 'dark'] as const).flatMap((scheme) =>
    contrastFaults(scheme, paletteOf(scheme, colours?.[scheme])).map((fault) => ({ ...fault, clientId })),
  )
}

async function write(
  tx: Tx,
  { clientId, settings, logo }: StoredTheme,
  bytes?: Buffer | null,
): Promise<void> {
  const data = {
    settings: { ...settings, ...(logo && { logo }) } as Prisma.InputJsonObject,
    ...(bytes !== undefined && {
      logo: bytes === null ? null : new Uint8Array(bytes),
      logoType: logo?.type ?? null,
    }),
  }
  await tx.theme.upsert({ where: { clientId }, create: { clientId, ...data }, update: data })
}

function toStored({ clientId, settings }: { clientId: string; settings: unknown }): StoredTheme {
  const parsed = storedSchema.safeParse(settings)
  const { logo = null, ...rest } = parsed.success ? parsed.data : {}
  return { clientId, settings: rest, logo }
}

function isEmpty({ settings }: StoredTheme): boolean {
  return Object.keys(settings).length === 0
}
