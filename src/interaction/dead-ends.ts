import type { LoadedInteraction } from '../oidc/index.ts'

type Reason =
  Extract<LoadedInteraction, { ok: false }>['reason'] | 'finished' | 'session_ended' | 'device_code_decided'
type DeadEnd = { status: number; title: string; message: string; hint?: string }

/** No page ends bare: each says what happened and what to do now. */
export const deadEnds: Record<Reason, DeadEnd> = {
  no_cookie: {
    status: 400,
    title: 'We cannot see your sign-in',
    message: 'This sign-in was finished, has expired, or your browser does not keep cookies from this site.',
    hint: 'Start again at the app. If you see this page once more, allow cookies for this site and close private windows.',
  },
  expired: {
    status: 400,
    title: 'This sign-in has expired',
    message:
      'For your safety a sign-in must be finished within 15 minutes. This one took longer, or it was finished already.',
    hint: 'Nothing was lost: start again at the app.',
  },
  other_browser: {
    status: 400,
    title: 'This sign-in belongs to another window',
    message: 'The link you followed was made for another browser or another sign-in.',
    hint: 'Never continue a sign-in that someone else sent you. Start your own at the app.',
  },
  session_changed: {
    status: 400,
    title: 'You were signed out',
    message: 'You signed out, or signed in as someone else, while this page was open.',
    hint: 'Start again at the app.',
  },
  session_ended: {
    status: 400,
    title: 'You were signed out',
    message: 'Your session was ended while this page was open, here or on another device.',
    hint: 'Start again at the app.',
  },
  device_code_decided: {
    status: 400,
    title: 'This device has its answer',
    message: 'While you were here its code was answered in another window, was withdrawn, or expired.',
    hint: 'If the device still waits, ask it for a new code.',
  },
  finished: {
    status: 400,
    title: 'This sign-in is finished',
    message: 'This page was answered already. Perhaps you came back to it, or pressed its button twice.',
    hint: 'Go on at the app: nothing is left to do here.',
  },
}
