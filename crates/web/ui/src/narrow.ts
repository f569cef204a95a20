// Whether the window is as narrow as a telephone: lists become cards then, because a table does not fit.
import { ref } from 'vue'

const query = window.matchMedia('(max-width: 720px)')
export const narrow = ref(query.matches)
query.addEventListener('change', (event) => { narrow.value = event.matches })
