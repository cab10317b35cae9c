import type { Db } from '../../db/index.ts'
import { mailLooksOf } from './mail-looks.ts'
import type { MailLooks } from './mail-looks.ts'
import { onTop } from './settings.ts'
import type { ThemeSettings } from './settings.ts'
import { stylesheetOf } from './stylesheet.ts'
import { digestOf, EVERYBODY, findThemeLogo, listThemes } from './themes.ts'
import type { StoredTheme } from './themes.ts'

/** What a page needs of the theme that it is shown in. Addresses are paths of ours that change with what they lead to. */
export type Dress = {
  name?: string | undefined
  stylesheet?: string | undefined
  logo?: { href: string; width: number; height: number } | undefined
  links: NonNullable<ThemeSettings['links']>
}

export type Wardrobe = {
  /**
   * Looks whether themes have changed, at most every few seconds; never fails, and never keeps a page waiting for longer than `patienceMs`,
   * in milliseconds, 100 if left out.
   */
  refresh(patienceMs?: number): Promise<void>
  /** How pages of this client look, or of nobody in particular. */
  dressFor(clientId?: string): Dress
  /** How mails look: they are about an account, and wear the theme for everybody. */
  mailLooks(): MailLooks
  /** What is served at a path below /themes/; `current` is false for looks that have changed since the page was made. */
  file(path: string): Promise<{ type: string; body: Buffer | string; current: boolean } | null>
}

const FRESH_MS = 3000
const PATIENCE_MS = 100
const extensions: Record<string, string> = {
  'image/png': 'png',
  'image/jpeg': 'jpg',
  'image/webp': 'webp',
  'image/gif': 'gif',
}

/**
 * The themes as pages use them: a copy in memory that every instance refreshes for itself. It decides nothing but looks, so it may be
 * a few seconds old, and older while the database is away.
 */
export function createWardrobe(db: Db, { freshMs = FRESH_MS } = {}): Wardrobe {
  let themes = new Map<string, StoredTheme>()
  let dresses = new Map<string, Dress>()
  let version: string | undefined
  let lookedAt = -Infinity
  let looking: Promise<void> | undefined

  async function look(): Promise<void> {
    try {
      // Every row's own instant: the newest alone would hide what an instance with a slow clock has written.
      const [row] = await db.$queryRaw<{ version: string | null }[]>`
        SELECT md5(string_agg(client_id || ' ' || updated_at::text, E'\\n' ORDER BY client_id)) AS version FROM themes`
      const now = row?.version ?? ''
      if (now === version) return
      const read = new Map<string, StoredTheme>()
      for await (const theme of listThemes(db)) read.set(theme.clientId, theme)
      themes = read
      dresses = new Map()
      version = now
    } catch {
      // Pages are shown in the looks they had: whoever needs the database more will say that it is away.
    } finally {
      lookedAt = performance.now()
      looking = undefined
    }
  }

  function layersFor(clientId: string) {
    const below = themes.get(EVERYBODY)
    const own = clientId === EVERYBODY ? undefined : themes.get(clientId)
    return {
      below,
      own,
      key: own ? clientId : EVERYBODY,
      settings: onTop(below?.settings ?? {}, own?.settings ?? {}),
    }
  }

  return {
    async refresh(patienceMs = PATIENCE_MS) {
      if (performance.now() - lookedAt < freshMs) return
      looking ??= look()
      await Promise.race([looking, new Promise((resolve) => setTimeout(resolve, patienceMs).unref())])
    },
    dressFor(clientId = EVERYBODY) {
      const known = dresses.get(clientId)
      if (known) return known
      const { below, own, key, settings } = layersFor(clientId)
      const css = stylesheetOf(settings)
      const logo = own?.logo ?? below?.logo
      const logoKey = own?.logo ? key : EVERYBODY
      const dress: Dress = {
        name: settings.name,
        stylesheet: css === '' ? undefined : `${folder(key)}/${digestOf(css)}.css`,
        logo: logo
          ? {
              href: `${folder(logoKey)}/${logo.digest}.${extensions[logo.type] ?? 'bin'}`,
              ...{ width: logo.width, height: logo.height },
            }
          : undefined,
        links: settings.links ?? {},
      }
      // Only clients with a theme of their own: others would let a stranger fill the map with names.
      if (own || clientId === EVERYBODY) dresses.set(clientId, dress)
      return dress
    },
    mailLooks: () => mailLooksOf(layersFor(EVERYBODY).settings),
    async file(path) {
      const [, folderName = '', digest = '', extension = ''] =
        /^\/themes\/([\w-]+)\/([0-9a-f]{32})\.(\w+)$/.exec(path) ?? []
      if (folderName === '') return null
      const key = folderName === '_' ? EVERYBODY : Buffer.from(folderName, 'base64url').toString()
      if (extension !== 'css') {
        const logo = await findThemeLogo(db, key, digest)
        return logo && extensions[logo.type] === extension ? { ...logo, current: true } : null
      }
      await this.refresh()
      const css = stylesheetOf(layersFor(key).settings)
      return css === ''
        ? null
        : { type: 'text/css; charset=utf-8', body: css, current: digestOf(css) === digest }
    },
  }
}

function folder(clientId: string): string {
  return `/themes/${clientId === EVERYBODY ? '_' : Buffer.from(clientId).toString('base64url')}`
}
