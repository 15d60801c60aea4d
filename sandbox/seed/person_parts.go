package seed

import (
	"encoding/hex"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"
)

// browserID is what an SDK calls a visitor it knows nothing about: a UUID, or
// the dashed hexadecimals of older browser SDKs.
func browserID(r *rand.Rand) string {
	if chance(r, 60) {
		return randomID(r)
	}
	var b [28]byte
	fillRandom(r, b[:])
	h := hex.EncodeToString(b[:])
	return h[:14] + "-" + h[14:28] + "-" + h[28:36] + "-" + h[36:42] + "-" + h[42:]
}

// city is where somebody sits, as the geo-IP step of ingestion writes it. The
// values shared by many persons are kept as property values already, so that
// five thousand persons do not each get a copy.
type city struct {
	name, region, country, code, continent, continentCode, zone any
	latitude, longitude                                         any
}

var cities = []city{
	{"Porto", "Porto", "Portugal", "PT", "Europe", "EU", "Europe/Lisbon", 41.15, -8.61},
	{"Gothenburg", "Västra Götaland", "Sweden", "SE", "Europe", "EU", "Europe/Stockholm", 57.71, 11.97},
	{"Kraków", "Lesser Poland", "Poland", "PL", "Europe", "EU", "Europe/Warsaw", 50.06, 19.94},
	{"Thessaloniki", "Central Macedonia", "Greece", "GR", "Europe", "EU", "Europe/Athens", 40.64, 22.94},
	{"Haifa", "Haifa District", "Israel", "IL", "Asia", "AS", "Asia/Jerusalem", 32.79, 34.99},
	{"Amman", "Amman", "Jordan", "JO", "Asia", "AS", "Asia/Amman", 31.95, 35.93},
	{"Osaka", "Ōsaka", "Japan", "JP", "Asia", "AS", "Asia/Tokyo", 34.69, 135.50},
	{"Busan", "Busan", "South Korea", "KR", "Asia", "AS", "Asia/Seoul", 35.18, 129.08},
	{"Pune", "Maharashtra", "India", "IN", "Asia", "AS", "Asia/Kolkata", 18.52, 73.86},
	{"Columbus", "Ohio", "United States", "US", "North America", "NA", "America/New_York", 39.96, -83.00},
	{"Boise", "Idaho", "United States", "US", "North America", "NA", "America/Boise", 43.62, -116.20},
	{"Halifax", "Nova Scotia", "Canada", "CA", "North America", "NA", "America/Halifax", 44.65, -63.58},
	{"Curitiba", "Paraná", "Brazil", "BR", "South America", "SA", "America/Sao_Paulo", -25.43, -49.27},
	{"Accra", "Greater Accra", "Ghana", "GH", "Africa", "AF", "Africa/Accra", 5.60, -0.19},
	{"Wellington", "Wellington", "New Zealand", "NZ", "Oceania", "OC", "Pacific/Auckland", -41.29, 174.78},
}

var (
	devices = []struct{ browser, version, system, systemVersion, kind any }{
		{"Chrome", 131, "Windows", "10.0", "Desktop"}, {"Chrome", 130, "Mac OS X", "10.15.7", "Desktop"},
		{"Microsoft Edge", 131, "Windows", "10.0", "Desktop"}, {"Firefox", 133, "Linux", nil, "Desktop"},
		{"Firefox", 132, "Windows", "10.0", "Desktop"}, {"Safari", 18.1, "Mac OS X", "10.15.7", "Desktop"},
		{"Mobile Safari", 17.6, "iOS", "17.6.1", "Mobile"}, {"Chrome", 131, "Android", "14", "Mobile"},
		{"Samsung Internet", 27, "Android", "14", "Mobile"},
	}
	referrers = []any{"$direct", "$direct", "https://search.example/", "https://news.example.com/weekly", "https://partner.example/tools"}
	campaigns = []any{"spring-launch", "brand", "retarget-eu", "webinar", "docs"}
	paths     = []any{"/", "/pricing", "/docs/start", "/blog/how-we-measure", "/signup", "/app/overview"}
	locales   = []any{"en", "en-GB", "de", "fr-CA", "pt-BR", "ja", "he", "ar", "pl"}
)

// browse sets what the browser SDK and ingestion know of somebody; the
// people of an account mostly sit in one city.
func browse(to map[string]any, r *rand.Rand, a *Account) {
	where := pick(r, cities)
	if a != nil && chance(r, 70) {
		where = cities[a.facts.index%len(cities)]
	}
	device, from, path := pick(r, devices), pick(r, referrers), pick(r, paths)
	to["$browser"], to["$browser_version"] = device.browser, device.version
	to["$os"], to["$device_type"] = device.system, device.kind
	if device.systemVersion != nil {
		to["$os_version"] = device.systemVersion
	}
	to["$geoip_city_name"], to["$geoip_country_name"], to["$geoip_country_code"] = where.name, where.country, where.code
	to["$geoip_continent_name"], to["$geoip_time_zone"] = where.continent, where.zone
	to["$initial_browser"], to["$initial_os"] = device.browser, device.system
	to["$initial_referrer"], to["$initial_pathname"] = from, path
	if chance(r, 35) {
		to["$geoip_continent_code"], to["$geoip_subdivision_1_name"] = where.continentCode, where.region
		to["$geoip_latitude"], to["$geoip_longitude"] = where.latitude, where.longitude
		to["$initial_geoip_country_code"] = where.code
	}
	if chance(r, 30) {
		to["$initial_device_type"] = device.kind
		to["$initial_current_url"] = "https://app.example.com" + path.(string)
		to["$current_url"] = "https://app.example.com" + pick(r, paths).(string)
		to["$initial_referring_domain"] = domainOf(from.(string))
	}
	if chance(r, 20) {
		to["$initial_utm_source"], to["$initial_utm_campaign"] = "newsletter", pick(r, campaigns)
	}
}

func domainOf(referrer string) string {
	_, rest, ok := strings.Cut(referrer, "://")
	if !ok {
		return referrer
	}
	domain, _, _ := strings.Cut(rest, "/")
	return domain
}

// employ sets what the customer's own product tells of its users. Types
// drift as they do where several services write the same key.
func employ(to map[string]any, r *rand.Rand, a *Account, c contact, signedUp time.Time) {
	logins := between(r, 1, 900)
	to["company"], to["job_title"], to["login_count"] = a.Name, c.title, logins
	to["plan"] = strings.ToLower(a.facts.plan)
	if chance(r, 12) {
		to["plan"] = a.facts.plan // written by the billing job
	}
	if chance(r, 8) {
		to["login_count"] = strconv.Itoa(logins)
	}
	if a.ExternalID != "" {
		to["org_id"] = a.ExternalID
	}
	if chance(r, 80) {
		to["signed_up_at"] = moment(signedUp)
	}
	if chance(r, 60) {
		to["is_admin"] = chance(r, 20)
		if chance(r, 10) {
			to["is_admin"] = "true"
		}
	}
	if chance(r, 50) {
		to["locale"], to["onboarding_completed"] = pick(r, locales), chance(r, 70)
	}
	if chance(r, 35) {
		to["nps_score"] = between(r, 0, 10)
	}
	if chance(r, 10) {
		to["nps_score"] = nil
	}
	if chance(r, 25) {
		first := r.IntN(len(teams) - 1)
		to["last_invoice_total"] = float64(a.facts.arr*100/12) / 100
		to["teams"] = []any{teams[first], teams[first+1]}
	}
	if chance(r, 15) {
		to["preferences"] = map[string]any{"theme": pick(r, []string{"dark", "light"}), "digest": chance(r, 50), "columns": []any{"name", "owner", between(r, 1, 9)}}
	}
	if chance(r, 20) {
		to["invited_by"] = a.facts.people[0].email
	}
	if chance(r, 6) {
		to["phone"] = "+44 1632 960" + token(r, digits, 3) // a range reserved for fiction
	}
}
