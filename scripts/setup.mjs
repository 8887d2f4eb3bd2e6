import { writeHostFacts } from 'pipeline/host-facts';
console.log(writeHostFacts());
