import { showActivity } from './activity.ts'
import { showApp, showApps, withdrawApp } from './apps.ts'
import { forgetBrowser, forgetBrowsers, showBrowsers } from './browsers.ts'
import { changePassword, showChangePassword } from './change-password.ts'
import { downloadData, showData } from './data.ts'
import { deleteAccount, showDelete } from './delete.ts'
import { changeEmail, showEmail } from './email.ts'
import { removeFactor, renameFactor, showFactor } from './factor.ts'
import { showSecurity } from './factor-list.ts'
import type { Act, SelfPage, Show } from './frame.ts'
import { showOverview } from './overview.ts'
import { addPasskey, showAddPasskey } from './passkeys.ts'
import { saveProfile, showProfile } from './profile.ts'
import { renewRecoveryCodes, savedRecoveryCodes, showRecoveryCodes } from './recovery-codes.ts'
import { endOtherSessions, endSession, showSessions } from './sessions.ts'
import { signOut } from './sign-out.ts'
import { beginTotp, confirmTotp, showTotp } from './totp.ts'

const security = '/account/security'
const open = (show: Show) => ({ show, fresh: false })
const guarded = (show: Show) => ({ show, fresh: true })
const from = (page: string) => ({
  /** A form that any sign-in may send. */
  open: (act: Act) => ({ act, fresh: false, from: page, late: 'repeat' as const }),
  /** A change that matters. */
  guarded: (act: Act) => ({ act, fresh: true, from: page, late: 'repeat' as const }),
  /** The same, for a form that is no more than a button. */
  button: (act: Act) => ({ act, fresh: true, from: page, late: 'pressAgain' as const }),
})

/** Every page of somebody who is signed in, what its form does, and which of them need a sign-in of the last five minutes. */
export const selfPages: readonly SelfPage[] = [
  { path: '/account', get: open(showOverview) },
  { path: '/account/sign-out', post: from('/account').open(signOut) },
  { path: '/account/profile', get: open(showProfile), post: from('/account/profile').open(saveProfile) },
  {
    path: '/account/email',
    get: guarded(showEmail),
    post: from('/account/email').guarded(changeEmail),
  },
  {
    path: '/account/change-password',
    get: guarded(showChangePassword),
    post: from('/account/change-password').guarded(changePassword),
  },
  { path: security, get: open(showSecurity) },
  { path: `${security}/totp`, post: from(security).guarded(beginTotp) },
  {
    path: `${security}/totp/:id/confirm`,
    get: guarded(showTotp),
    post: from(`${security}/totp/:id/confirm`).guarded(confirmTotp),
  },
  { path: `${security}/totp/:id`, get: guarded(showFactor('totp')) },
  { path: `${security}/totp/:id/rename`, post: from(`${security}/totp/:id`).guarded(renameFactor('totp')) },
  { path: `${security}/totp/:id/remove`, post: from(`${security}/totp/:id`).guarded(removeFactor('totp')) },
  {
    path: `${security}/add-passkey`,
    get: guarded(showAddPasskey),
    post: from(`${security}/add-passkey`).guarded(addPasskey),
  },
  { path: `${security}/passkeys/:id`, get: guarded(showFactor('passkey')) },
  {
    path: `${security}/passkeys/:id/rename`,
    post: from(`${security}/passkeys/:id`).guarded(renameFactor('passkey')),
  },
  {
    path: `${security}/passkeys/:id/remove`,
    post: from(`${security}/passkeys/:id`).guarded(removeFactor('passkey')),
  },
  // Those just made are shown to whoever made them, without asking again: a first factor makes the sign-in look weaker than it was.
  {
    path: `${security}/recovery-codes`,
    get: open(showRecoveryCodes),
    post: from(`${security}/recovery-codes`).guarded(renewRecoveryCodes),
  },
  {
    path: `${security}/recovery-codes/saved`,
    post: from(`${security}/recovery-codes`).open(savedRecoveryCodes),
  },
  // A stolen cookie must not throw its owner out, nor make strangers of the browsers they sign in from. One's own session: sign out.
  {
    path: `${security}/browsers`,
    get: open(showBrowsers),
    post: from(`${security}/browsers`).button(forgetBrowsers),
  },
  { path: `${security}/browsers/:id/forget`, post: from(`${security}/browsers`).button(forgetBrowser) },
  {
    path: '/account/sessions',
    get: open(showSessions),
    post: from('/account/sessions').button(endOtherSessions),
  },
  { path: '/account/sessions/:id/end', post: from('/account/sessions').button(endSession) },
  { path: '/account/apps', get: open(showApps) },
  { path: '/account/apps/:id', get: open(showApp) },
  { path: '/account/apps/:id/withdraw', post: from('/account/apps').open(withdrawApp) },
  { path: '/account/activity', get: open(showActivity) },
  { path: '/account/data', get: guarded(showData), post: from('/account/data').guarded(downloadData) },
  { path: '/account/delete', get: guarded(showDelete), post: from('/account/delete').guarded(deleteAccount) },
]
