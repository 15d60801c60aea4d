package seed

import (
	"math/rand/v2"
	"strings"
)

// spelled is a name as its owner writes it and as it appears in addresses.
type spelled struct{ name, ascii string }

// people is a stock of names that go together.
type people struct{ given, family []spelled }

// spell reads names that are written as they are spelled in addresses, or as
// "name=address" where they are not.
func spell(names string) []spelled {
	fields := strings.Fields(names)
	all := make([]spelled, 0, len(fields))
	for _, f := range fields {
		name, ascii, ok := strings.Cut(f, "=")
		if !ok {
			ascii = strings.ToLower(name)
		}
		all = append(all, spelled{name, ascii})
	}
	return all
}

// latinNames are most people's; otherNames have an alphabet of their own.
var (
	latinNames = people{
		spell(`Amara Bilal Carmen Dmitri Elif Farah Gustav Hye-jin Ibrahim Jolanta Kwame Leilani
			Mateo Nadia Oskar Paloma Quentin Rosalind Stefan Tamsin Umar Valentina Wendell Ximena Yusuf Zofia
			Åsa=asa Björn=bjorn Chloé=chloe Dóra=dora Émile=emile Gökçe=gokce Håkon=hakon Inés=ines João=joao
			Łukasz=lukasz Māra=mara Nuño=nuno Özlem=ozlem Renée=renee Šárka=sarka Thị=thi Zoë=zoe Đặng=dang
			Abigail Benedict Clementine Desmond Eleanor Fergus Harriet Isadora Jerome Katharine Lionel Marguerite`),
		spell(`Adeyemi Bergström=bergstrom Castillo Dąbrowski=dabrowski Eriksen Fontaine Guðjónsdóttir=gudjonsdottir
			Hollis Ivanova Jørgensen=jorgensen Kovačević=kovacevic Lindholm Mbeki-Shaw O'Dwyer=odwyer Petrescu
			Quiñones=quinones Rasmussen Šimánek=simanek Takahashi Ueda Vasquez Whitlock Xu Yıldız=yildiz Zeller
			Nguyễn=nguyen Barrington Culpepper Dunmore Eastlake Farnsworth Greenhalgh Hathersage Illingworth
			Kettleby Lockwood Merriweather Netherton Oakeshott Pemberton Ravenscroft Stanhope Thackeray Underhill
			Wetherby Yardley`),
	}
	otherNames = []people{
		{spell("Анна=anna Борис=boris Ольга=olga Тарас=taras"), spell("Лесная=lesnaya Петренко=petrenko Коваль=koval Зимина=zimina")},
		{spell("Ελένη=eleni Νίκος=nikos Σοφία=sofia"), spell("Παπαδάκη=papadaki Μαύρος=mavros Ελαιώνα=elaiona")},
		{spell("דוד=david נועה=noa יעל=yael"), spell("כהן-לב=kohenlev מזרחי=mizrahi אלון=alon")},
		{spell("أحمد=ahmed ليلى=layla فاطمة=fatima"), spell("الحداد=alhaddad منصور=mansour النجار=alnajjar")},
		{spell("健太=kenta 美咲=misaki 涼=ryo"), spell("佐藤=sato 山本=yamamoto 小川=ogawa")},
		{spell("伟=wei 小红=xiaohong 静=jing"), spell("陈=chen 李=li 欧阳=ouyang")},
		{spell("민준=minjun 서연=seoyeon 하은=haeun"), spell("박=park 윤=yoon 남궁=namgung")},
		{spell("अनिल=anil प्रिया=priya मीरा=meera"), spell("शर्मा=sharma वर्मा=verma जोशी=joshi")},
	}
	jobTitles = []string{
		"Head of Product", "Product Manager", "VP Engineering", "Data Engineer", "Growth Lead", "CTO",
		"Founder", "Analytics Engineer", "Marketing Manager", "Support Lead", "Procurement", "Security Officer",
		"Customer Operations", "Software Engineer", "Designer", "Finance Director",
	}
)

// contact is somebody who works for an account. Notes speak of the same
// people who are the account's persons.
type contact struct {
	given, family string
	email         string
	title         string
}

func (c contact) name() string { return c.given + " " + c.family }

// acmeContacts are the people documentation meets first.
var acmeContacts = []contact{
	{"Rosalind", "Merriweather", "rosalind.merriweather@acme-robotics.example", "Head of Product"},
	{"Desmond", "Oakeshott", "desmond.oakeshott@acme-robotics.example", "Finance Director"},
	{"Zoë", "Bergström", "zoe.bergstrom@acme-robotics.example", "Data Engineer"},
	{"Kwame", "Whitlock", "kwame.whitlock@acme-robotics.example", "Support Lead"},
}

// contactsOf makes the people of the account at index, between seven and
// fifteen. No two share a given name: notes call people by it.
func contactsOf(index int, domain string) []contact {
	r := random(areaContacts, index)
	all := make([]contact, between(r, 7, 15))
	made := 0
	if index == acmeIndex {
		made = copy(all, acmeContacts)
	}
	for made < len(all) {
		c := someone(r, domain)
		if !called(all[:made], c.given) {
			all[made] = c
			made++
		}
	}
	return all
}

func someone(r *rand.Rand, domain string) contact {
	names := latinNames
	if chance(r, 18) {
		names = pick(r, otherNames)
	}
	given, family := pick(r, names.given), pick(r, names.family)
	return contact{given.name, family.name, given.ascii + "." + family.ascii + "@" + domain, pick(r, jobTitles)}
}

func called(all []contact, given string) bool {
	for _, c := range all {
		if c.given == given {
			return true
		}
	}
	return false
}
