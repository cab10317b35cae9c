import { text } from '../language/index.ts'
import type { Text } from '../language/index.ts'
import type { LoadedInteraction } from '../oidc/index.ts'

type Reason =
  Extract<LoadedInteraction, { ok: false }>['reason'] | 'finished' | 'session_ended' | 'device_code_decided'
type DeadEnd = { status: number; title: Text; message: Text; hint?: Text }

/** No page ends bare: each says what happened and what to do now. */
export const deadEnds: Record<Reason, DeadEnd> = {
  no_cookie: {
    status: 400,
    title: text('errors:noCookie.title'),
    message: text('errors:noCookie.message'),
    hint: text('errors:noCookie.hint'),
  },
  expired: {
    status: 400,
    title: text('errors:expired.title'),
    message: text('errors:expired.message'),
    hint: text('errors:expired.hint'),
  },
  other_browser: {
    status: 400,
    title: text('errors:otherBrowser.title'),
    message: text('errors:otherBrowser.message'),
    hint: text('errors:otherBrowser.hint'),
  },
  session_changed: {
    status: 400,
    title: text('errors:sessionChanged.title'),
    message: text('errors:sessionChanged.message'),
    hint: text('errors:sessionChanged.hint'),
  },
  session_ended: {
    status: 400,
    title: text('errors:sessionEnded.title'),
    message: text('errors:sessionEnded.message'),
    hint: text('errors:sessionEnded.hint'),
  },
  device_code_decided: {
    status: 400,
    title: text('errors:deviceDecided.title'),
    message: text('errors:deviceDecided.message'),
    hint: text('errors:deviceDecided.hint'),
  },
  finished: {
    status: 400,
    title: text('errors:finished.title'),
    message: text('errors:finished.message'),
    hint: text('errors:finished.hint'),
  },
}
