import { checkContract } from '../support/accessibility-contract.ts'

checkContract('de')
