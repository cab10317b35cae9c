import { tellStories } from '../support/stories/tell-stories.ts'

tellStories('ar')
