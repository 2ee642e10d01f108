import { parseSql } from "./sim/servers/postgres/sql/parse.js";
const t=performance.now();
console.log(JSON.stringify(parseSql("select a, b+1 as c from t where id = $1 and x in (1,2) order by 1 desc limit 3")[0]));
console.log(performance.now()-t);
try { parseSql("select froms from") } catch(e) { console.log(e) }
