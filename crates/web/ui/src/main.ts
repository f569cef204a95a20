// Where the console starts.
import { createApp } from 'vue'
import App from './App.vue'
import { whenSignedOut } from './api/client'
import { router } from './router'
import { leave } from './session'
import './styles/base.css'
import './styles/activation.css'
import './styles/stations.css'
import './styles/plans.css'

whenSignedOut(() => {
  leave()
  const { fullPath, name } = router.currentRoute.value
  if (name !== 'sign-in') void router.push({ name: 'sign-in', query: { next: fullPath, why: 'expired' } })
})

createApp(App).use(router).mount('#app')
