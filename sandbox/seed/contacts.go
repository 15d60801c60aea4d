package seed

import (
	"strings"
)

// spelled is a name as its owner writes it and as it appears in addresses.
type spelled struct{ name, ascii string }

func spell(pairs string) []spelled {
	fields := strings.Fields(pairs)
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

// Given and family names of the customers' people, from many places.
var (
	givenNames = spell(`Amara Bilal Carmen Dmitri=dmitri Elif Farah Gustav Hye-jin Ibrahim Jolanta Kwame Leilani
		Mateo Nadia Oskar Paloma Quentin Rosalind Stefan Tamsin Umar Valentina Wendell Ximena Yusuf Zofia
		Åsa=asa Björn=bjorn Chloé=chloe Dóra=dora Émile=emile Gökçe=gokce Håkon=hakon Inés=ines João=joao
		Łukasz=lukasz Māra=mara Nuño=nuno Özlem=ozlem Renée=renee Šárka=sarka Thị=thi Zoë=zoe Đặng=dang
		Анна=anna Борис=boris Ольга=olga Ελένη=eleni Νίκος=nikos דוד=david נועה=noa أحمد=ahmed ليلى=layla
		فاطمة=fatima 健太=kenta 美咲=misaki 伟=wei 小红=xiaohong 민준=minjun 서연=seoyeon अनिल=anil प्रिया=priya
		Abigail Benedict Clementine Desmond Eleanor Fergus Harriet Isadora Jerome Katharine Lionel Marguerite`)

	familyNames = spell(`Adeyemi Bergström=bergstrom Castillo Dąbrowski=dabrowski Eriksen Fontaine Guðjónsdóttir=gudjonsdottir
		Hollis Ivanova Jørgensen=jorgensen Kovačević=kovacevic Lindholm Mbeki-Shaw O'Dwyer=odwyer Petrescu Quiñones=quinones
		Rasmussen Šimánek=simanek Takahashi Ueda Vasquez Whitlock Xu Yıldız=yildiz Zeller Nguyễn=nguyen
		Иванова=ivanova Петренко=petrenko Παπαδάκη=papadaki כהן-לב=kohenlev מזרחי=mizrahi الحداد=alhaddad
		منصور=mansour 佐藤山=satoyama 陈李=chenli 박정=bakjung शर्मा=sharma Barrington Culpepper Dunmore Eastlake
		Farnsworth Greenhalgh Hathersage Illingworth Kettleby Lockwood Merriweather Netherton Oakeshott
		Pemberton Ravenscroft Stanhope Thackeray Underhill Wetherby Yardley`)

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

// contactsOf are the people of an account, between seven and fifteen.
func contactsOf(a *Account) []contact {
	r := random(areaContacts, a.facts.index)
	people := make([]contact, between(r, 7, 15))
	taken := make(map[string]bool, len(people))
	for i := range people {
		for {
			given, family := pick(r, givenNames), pick(r, familyNames)
			email := given.ascii + "." + family.ascii + "@" + a.Domain
			if taken[email] {
				continue
			}
			taken[email] = true
			people[i] = contact{given.name, family.name, email, pick(r, jobTitles)}
			break
		}
	}
	return people
}
