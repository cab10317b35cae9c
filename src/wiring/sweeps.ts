import { adminSweeps } from '../admin/index.ts'
import { mailSweeps } from '../mail/index.ts'
import { oidcSweeps } from '../oidc/index.ts'
import { receiversSweeps } from '../receivers/index.ts'
import { usersSweeps } from '../users/index.ts'

/** Everything whose time can be over, of all rooms. The audit has a retention of its own. */
export const sweeps = [...oidcSweeps, ...usersSweeps, ...receiversSweeps, ...adminSweeps, ...mailSweeps]
